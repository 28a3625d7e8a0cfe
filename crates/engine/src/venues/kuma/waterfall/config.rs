//! How the liquidation service works: its procedure and options, with two presets.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::Duration;

use super::super::config::within;
use super::super::{IndexGuards, Refusal};
use super::refusal::ServiceRefusal;
use crate::Rejection;
use crate::backstop::deleverage::Policy;
use crate::backstop::fund::{FundPolicy, Gate, Gated};
use crate::liquidation::stages::{
    Acquire, CloseOnBook, Deleverage, HandOff, Reduce, SLICE_ONE, Slicing,
};
use crate::liquidation::{Stage, Whose};

/// The most stages of a procedure.
pub const STAGES_MAX: usize = 16;

/// Whether the fund, too, must have signed the orders its hand-offs are settled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum FundOrders {
    /// The service vouches for the fund: only the partner's order is checked.
    Implied = 0,
    /// As on chain: the fund's delegated key keeps standing orders too, side-channel ones that
    /// hand-offs are checked with from both signatures, and others that it trades on the book
    /// with. Offset quotes have no counterpart on chain and are left out then.
    Required = 1,
}

/// How the liquidation service works.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Service {
    /// What is done with a wallet below its maintenance requirement, in order.
    pub procedure: Vec<Stage>,
    /// Whether the fund's orders are checked from signatures.
    pub fund_orders: FundOrders,
    /// How the fund defends itself.
    pub fund: FundPolicy,
    /// At which discount to the index the fund takes over in a partial liquidation: this share of
    /// the market's maintenance fraction, in 1/100,000.
    pub reduction_discount_e5: u32,
    /// The most accounts that are deleveraged for one position at once.
    pub counterparties_max: u32,
    /// How long the service leaves what the fund holds alone before it tries again.
    pub retry: Duration,
    /// Whether each deleveraging tells what every policy would have taken. It looks at everybody
    /// on the other side each time, so it is for replays and not for a crash.
    pub compare_policies: bool,
}

impl Service {
    /// The preset `kuma`, as the venue's page has it: the fund acquires at the bankruptcy price,
    /// hands off to partners, closes the rest on the book at once, and deleverages what the book
    /// does not take; a wallet the fund cannot acquire is deleveraged itself. No option is on.
    #[must_use]
    pub fn kuma() -> Self {
        Self {
            procedure: vec![
                Stage::Acquire(Acquire),
                deleverage(Whose::Account, Policy::Queue),
                Stage::HandOff(HandOff),
                Stage::CloseOnBook(CloseOnBook {
                    collar_bps: None,
                    slices: None,
                }),
                deleverage(Whose::Backstop, Policy::Queue),
            ],
            fund_orders: FundOrders::Implied,
            fund: FundPolicy::default(),
            reduction_discount_e5: 50_000,
            counterparties_max: 10_000,
            retry: Duration(1_000),
            compare_policies: false,
        }
    }

    /// The preset `kuma-plus`: partial liquidation first; book orders within 2 % of the index and
    /// in quarters every 30 seconds, except for wallets below a tenth of their requirement; no
    /// more deleveraging than the fund needs; withdrawals from the fund shut for an hour after a
    /// deficit. Caps on the fund's losses depend on its size and are for the operator to add.
    #[must_use]
    pub fn kuma_plus() -> Self {
        let slices = Slicing {
            fraction_e5: 25_000,
            interval: Duration(30_000),
            deep_e5: 10_000,
        };
        Self {
            procedure: vec![
                Stage::Reduce(Reduce),
                Stage::Acquire(Acquire),
                deleverage(Whose::Account, Policy::Minimal),
                Stage::Acquire(Acquire),
                Stage::HandOff(HandOff),
                Stage::CloseOnBook(CloseOnBook {
                    collar_bps: Some(200),
                    slices: Some(slices),
                }),
                deleverage(Whose::Backstop, Policy::Minimal),
            ],
            fund: FundPolicy {
                gate: Some(Gate {
                    length: Duration::HOUR,
                    whom: Gated::Fund,
                }),
                ..FundPolicy::default()
            },
            ..Self::kuma()
        }
    }

    /// Guards that go with `kuma-plus`: prices no older than ten seconds, and no further than 20 %
    /// from the last.
    pub const PLUS_GUARDS: IndexGuards = IndexGuards {
        max_age_ms: Some(10_000),
        max_jump_ppm: Some(200_000),
    };

    /// Refuses what cannot be a procedure, and parameters out of their bounds.
    ///
    /// # Errors
    /// The first that is out of bounds.
    pub fn check(&self) -> Result<(), Rejection> {
        let count = i128::try_from(self.procedure.len()).unwrap_or(i128::MAX);
        let most = i128::try_from(STAGES_MAX).unwrap_or(i128::MAX);
        within("stages", count, 1, most)?;
        for stage in &self.procedure {
            check_stage(stage)?;
        }
        within(
            "reduction_discount_e5",
            self.reduction_discount_e5.into(),
            0,
            SLICE_ONE.into(),
        )?;
        within(
            "counterparties_max",
            self.counterparties_max.into(),
            1,
            1_000_000,
        )?;
        within("retry", self.retry.0.into(), 0, Duration::HOUR.0.into())?;
        let fund = self.fund.validate();
        fund.map_err(|error| Refusal::Service(ServiceRefusal::Fund(error)))?;
        Ok(())
    }
}

fn deleverage(whose: Whose, policy: Policy) -> Stage {
    Stage::Deleverage(Deleverage { whose, policy })
}

fn check_stage(stage: &Stage) -> Result<(), Rejection> {
    match stage {
        Stage::CloseOnBook(close) => {
            let collar = close.collar_bps.unwrap_or(0);
            within("collar_bps", collar.into(), 0, 9_999)?;
            close.slices.map_or(Ok(()), |slices| slices.validate())
        }
        Stage::Acquire(_) | Stage::HandOff(_) | Stage::Deleverage(_) | Stage::Reduce(_) => Ok(()),
        Stage::Confiscate(_)
        | Stage::ForceClose(_)
        | Stage::CloseNextVersion(_)
        | Stage::Reward(_)
        | Stage::Repay(_)
        | Stage::WriteDown(_)
        | Stage::Hedge(_)
        | Stage::Auction(_)
        | Stage::Socialise(_) => Err(Rejection::NoSuchStage("of another kind of account")),
    }
}
