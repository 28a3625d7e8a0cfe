//! Real stages walked on an account that exists for the test alone.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use plimsoll_engine::ledger::{Asset, Holder, HolderKind, Ledger, Reason, Slot};
use plimsoll_engine::liquidation::stages::{
    CloseNextVersion, Confiscate, ForceClose, Repay, Reward, RewardCap, WriteDown,
};
use plimsoll_engine::liquidation::{
    Case, Close, Closed, Health, Payee, Portion, Repayment, Rule, Stage, Subject, Target, Trigger,
    walk,
};
use plimsoll_engine::{Event, Rejection, Tx};
use plimsoll_units::{
    AccountId, ArithmeticError, AssetId, CaseId, MarketId, PositionId, Timestamp, VenueId,
};

const VENUE: VenueId = VenueId(0);

/// An account with a collateral in the books and a position that is only a size. It writes down
/// what it is asked.
struct Dummy {
    collateral: Slot,
    payees: [Slot; 3],
    equity: i128,
    closes_with: i128,
    refuses_close: bool,
    asked: String,
}

impl Subject for Dummy {
    fn health(&self, tx: &Tx<'_>) -> Result<Health, Rejection> {
        let requirement = self.collateral(tx);
        Ok(Health {
            equity: self.equity,
            requirement,
        })
    }

    fn collateral(&self, tx: &Tx<'_>) -> i128 {
        tx.balance(self.collateral)
    }

    fn seize(
        &mut self,
        tx: &mut Tx<'_>,
        payee: Payee,
        amount: i128,
        reason: Reason,
    ) -> Result<(), Rejection> {
        writeln!(self.asked, "seize {amount} for {payee:?} ({reason})").unwrap();
        let to = match payee {
            Payee::FirstCaller => self.payees[0],
            Payee::Resolver => self.payees[1],
            Payee::Backstop => self.payees[2],
        };
        tx.pay(self.collateral, to, amount, reason)?;
        Ok(())
    }

    fn close(&mut self, _: &mut Tx<'_>, how: Close) -> Result<Closed, Rejection> {
        writeln!(self.asked, "close {how:?}").unwrap();
        if self.refuses_close {
            return Err(ArithmeticError::DivisionByZero.into());
        }
        Ok(Closed {
            size: 77,
            shortfall: self.closes_with,
        })
    }
}

/// The same account, in debt.
struct Debtor(Dummy);

impl Subject for Debtor {
    fn health(&self, tx: &Tx<'_>) -> Result<Health, Rejection> {
        self.0.health(tx)
    }

    fn collateral(&self, tx: &Tx<'_>) -> i128 {
        self.0.collateral(tx)
    }

    fn seize(
        &mut self,
        tx: &mut Tx<'_>,
        payee: Payee,
        amount: i128,
        reason: Reason,
    ) -> Result<(), Rejection> {
        self.0.seize(tx, payee, amount, reason)
    }

    fn close(&mut self, tx: &mut Tx<'_>, how: Close) -> Result<Closed, Rejection> {
        self.0.close(tx, how)
    }

    fn repay(&mut self, tx: &mut Tx<'_>, how: Repayment) -> Result<i128, Rejection> {
        writeln!(self.0.asked, "repay {how:?}").unwrap();
        let (all, lenders) = (self.collateral(tx), self.0.payees[2]);
        tx.pay(self.0.collateral, lenders, all, Reason::LoanRepaid)?;
        Ok(all)
    }

    fn write_down(&mut self, tx: &mut Tx<'_>) -> Result<i128, Rejection> {
        writeln!(self.0.asked, "write down").unwrap();
        assert_eq!(
            self.collateral(tx),
            0,
            "there is collateral left to repay with"
        );
        Ok(250)
    }
}

/// The world around one liquidation.
struct Stand {
    ledger: Ledger,
    events: Vec<Event>,
    next_case: u64,
    dummy: Dummy,
    at_trigger: i128,
}

/// Collateral of 1,000, of which 1,050 was there at the trigger; equity as given.
fn stand(equity: i128) -> Stand {
    let dollar = Asset {
        symbol: "USDC".to_owned(),
        decimals: 6,
    };
    let mut ledger = Ledger::new(vec![dollar]);
    let mut open = |holder| ledger.open(holder, AssetId(0)).unwrap();
    let of_venue = |kind| Holder::of_venue(kind, VENUE);
    let outside = open(of_venue(HolderKind::Outside));
    let collateral = open(Holder::position(VENUE, MarketId(0), PositionId(4)));
    let payees = [
        open(Holder::wallet(VENUE, AccountId(1))),
        open(Holder::wallet(VENUE, AccountId(2))),
        open(of_venue(HolderKind::Vault)),
    ];
    ledger
        .post(outside, collateral, 1_000, Reason::Deposit)
        .unwrap();
    ledger.commit();
    let dummy = Dummy {
        collateral,
        payees,
        equity,
        closes_with: 0,
        refuses_close: false,
        asked: String::new(),
    };
    Stand {
        ledger,
        events: Vec::new(),
        next_case: 1,
        dummy,
        at_trigger: 1_050,
    }
}

impl Stand {
    /// Walks the stages; a refusal is taken back, as every caller has to. Shows what the account
    /// was asked, what was reported, and the end.
    fn walk(self, stages: &[Stage]) -> String {
        self.walk_as(stages, |dummy| dummy, |dummy| dummy.asked)
    }

    fn walk_as<S: Subject>(
        self,
        stages: &[Stage],
        become_subject: fn(Dummy) -> S,
        asked: fn(S) -> String,
    ) -> String {
        let Self {
            mut ledger,
            mut events,
            mut next_case,
            dummy,
            at_trigger,
        } = self;
        let mut subject = become_subject(dummy);
        let before = borsh::to_vec(&ledger).unwrap();
        let mut tx = Tx::new(
            Timestamp(0),
            VENUE,
            &mut ledger,
            &mut events,
            &mut next_case,
        );
        let savepoint = tx.savepoint();
        let case = case(tx.next_case(), at_trigger);
        let walked = walk(&mut tx, &case, stages, &mut subject);
        if walked.is_err() {
            tx.rollback(savepoint);
            let after = borsh::to_vec(&ledger).unwrap();
            assert_eq!(after, before, "money was left behind");
            assert_eq!((events.len(), next_case), (0, 1));
        }
        assert_eq!(ledger.audit(), Ok(()));
        let mut shown = asked(subject);
        for event in events {
            match event {
                Event::Money(m) => {
                    writeln!(shown, "  {}: {} -> {}", m.amount, m.from, m.to).unwrap();
                }
                other => writeln!(shown, "  {other:?}").unwrap(),
            }
        }
        writeln!(shown, "{walked:?}").unwrap();
        shown
    }
}

fn case(id: CaseId, collateral: i128) -> Case {
    Case {
        id,
        target: Target {
            venue: VENUE,
            market: MarketId(0),
            account: AccountId(3),
            position: Some(PositionId(4)),
        },
        trigger: Trigger {
            rule: Rule::FeesOverThreshold,
            at: Timestamp(0),
            price: 1,
            version: 1,
            equity: 0,
            requirement: 900,
            collateral,
            notional: 9_000,
        },
    }
}

fn confiscate(first_caller_e5: u32, resolver_e5: u32) -> Stage {
    Stage::Confiscate(Confiscate {
        first_caller_e5,
        resolver_e5,
    })
}

fn reward(fee: &str, cap: RewardCap) -> Stage {
    Stage::Reward(Reward {
        fee: fee.parse().unwrap(),
        minimum_requirement: 0,
        cap,
    })
}

fn close_next_version(portion: Portion) -> Stage {
    Stage::CloseNextVersion(CloseNextVersion { portion })
}

fn check(stand: Stand, stages: &[Stage], expected: &Expect) {
    expected.assert_eq(&stand.walk(stages));
}

#[test]
fn confiscation_pays_bounties_first_and_then_the_backstop() {
    check(
        stand(40),
        &[confiscate(2_000, 8_000)],
        &expect![[r#"
            seize 20 for FirstCaller (first caller's bounty)
            seize 80 for Resolver (resolver's bounty)
            seize 900 for Backstop (confiscated collateral)
            close Forfeit
              20: the collateral of position-4 (venue-0) -> the wallet of account-1 (venue-0)
              80: the collateral of position-4 (venue-0) -> the wallet of account-2 (venue-0)
              900: the collateral of position-4 (venue-0) -> the vault (venue-0)
              Case(Stage { case: case-1, stage: Confiscate, amount: 1000 })
            Ok(Done { shortfall: 0 })
        "#]],
    );
}

#[test]
fn what_the_collateral_does_not_cover_is_the_shortfall_of_a_confiscation() {
    check(
        stand(-350),
        &[confiscate(0, 0)],
        &expect![[r#"
            seize 0 for FirstCaller (first caller's bounty)
            seize 0 for Resolver (resolver's bounty)
            seize 1000 for Backstop (confiscated collateral)
            close Forfeit
              1000: the collateral of position-4 (venue-0) -> the vault (venue-0)
              Case(Stage { case: case-1, stage: Confiscate, amount: 1000 })
            Ok(Done { shortfall: 350 })
        "#]],
    );
    // The one loss that has no positive counterpart is still a loss.
    let worst = stand(i128::MIN).walk(&[confiscate(0, 0)]);
    assert!(
        worst.ends_with(&format!("Ok(Done {{ shortfall: {} }})\n", i128::MAX)),
        "{worst}"
    );
}

#[test]
fn stages_are_taken_in_the_order_of_the_procedure() {
    let close = close_next_version(Portion::All);
    check(
        stand(0),
        &[close, reward("0.5", RewardCap::Now)],
        &expect![[r#"
            close NextVersion(All)
            seize 450 for Resolver (liquidation reward)
              Case(Stage { case: case-1, stage: CloseNextVersion, amount: 77 })
              450: the collateral of position-4 (venue-0) -> the wallet of account-2 (venue-0)
              Case(Stage { case: case-1, stage: Reward, amount: 450 })
            Ok(Done { shortfall: 0 })
        "#]],
    );
    check(
        stand(0),
        &[reward("0.5", RewardCap::Now), close],
        &expect![[r#"
            seize 450 for Resolver (liquidation reward)
            close NextVersion(All)
              450: the collateral of position-4 (venue-0) -> the wallet of account-2 (venue-0)
              Case(Stage { case: case-1, stage: Reward, amount: 450 })
              Case(Stage { case: case-1, stage: CloseNextVersion, amount: 77 })
            Ok(Done { shortfall: 0 })
        "#]],
    );
}

#[test]
fn losses_of_several_closes_add_up() {
    let mut stand = stand(0);
    stand.dummy.closes_with = 11;
    check(
        stand,
        &[
            Stage::ForceClose(ForceClose),
            close_next_version(Portion::ToRequirement),
        ],
        &expect![[r#"
            close AtOracle(All)
            close NextVersion(ToRequirement)
              Case(Stage { case: case-1, stage: ForceClose, amount: 77 })
              Case(Stage { case: case-1, stage: CloseNextVersion, amount: 77 })
            Ok(Done { shortfall: 22 })
        "#]],
    );
}

#[test]
fn a_reward_is_capped_by_what_the_procedure_says() {
    let check = |fee: &str, cap: RewardCap, expected: Expect| {
        let shown = stand(0).walk(&[reward(fee, cap)]);
        expected.assert_eq(shown.lines().last().unwrap_or_default());
    };
    // 1.1 x 900 = 990, 1.15 x 900 = 1035, 1.2 x 900 = 1080; 1000 is there, 1050 was.
    check("1.1", RewardCap::Now, expect!["Ok(Done { shortfall: 0 })"]);
    check("1.2", RewardCap::Now, expect!["Ok(Done { shortfall: 0 })"]);
    // The cap that the deployed contract reads: what a fee has taken since is missing now.
    check(
        "1.1",
        RewardCap::AtTrigger,
        expect!["Ok(Done { shortfall: 0 })"],
    );
    check(
        "1.15",
        RewardCap::AtTrigger,
        expect![
            "Err(Ledger(Insufficient { holder: Holder { number: 4, venue: venue-0, market: market-0, kind: Position }, balance: 1000, amount: 1035 }))"
        ],
    );
    check(
        "1.2",
        RewardCap::AtTrigger,
        expect![
            "Err(Ledger(Insufficient { holder: Holder { number: 4, venue: venue-0, market: market-0, kind: Position }, balance: 1000, amount: 1050 }))"
        ],
    );
}

#[test]
fn a_stage_that_fails_leaves_nothing_of_those_before_it() {
    let mut refusing = stand(0);
    refusing.dummy.refuses_close = true;
    check(
        refusing,
        &[
            reward("0.5", RewardCap::Now),
            Stage::ForceClose(ForceClose),
            reward("0.1", RewardCap::Now),
        ],
        &expect![[r#"
            seize 450 for Resolver (liquidation reward)
            close AtOracle(All)
            Err(Arithmetic(DivisionByZero))
        "#]],
    );
    // Within a stage too: the bounties were paid when the close failed.
    let mut refusing = stand(0);
    refusing.dummy.refuses_close = true;
    check(
        refusing,
        &[confiscate(2_000, 8_000)],
        &expect![[r#"
            seize 20 for FirstCaller (first caller's bounty)
            seize 80 for Resolver (resolver's bounty)
            seize 900 for Backstop (confiscated collateral)
            close Forfeit
            Err(Arithmetic(DivisionByZero))
        "#]],
    );
}

#[test]
fn bounties_above_the_collateral_are_refused_before_anything_is_paid() {
    check(
        stand(0),
        &[confiscate(50_000, 50_001)],
        &expect![[r#"
            Err(SharesOverOne { first_caller_e5: 50000, resolver_e5: 50001 })
        "#]],
    );
}

#[test]
fn debt_is_repaid_first_and_the_rest_is_a_loss() {
    let repay = Stage::Repay(Repay {
        how: Repayment::FromCollateral,
    });
    let stages = [repay, Stage::WriteDown(WriteDown)];
    let shown = stand(0).walk_as(&stages, Debtor, |debtor| debtor.0.asked);
    expect![[r#"
        repay FromCollateral
        write down
          1000: the collateral of position-4 (venue-0) -> the vault (venue-0)
          Case(Stage { case: case-1, stage: Repay, amount: 1000 })
          Case(Stage { case: case-1, stage: WriteDown, amount: 250 })
        Ok(Done { shortfall: 250 })
    "#]]
    .assert_eq(&shown);
}

#[test]
fn an_account_without_debt_has_no_such_stage() {
    let repay = Stage::Repay(Repay {
        how: Repayment::InBatch,
    });
    check(
        stand(0),
        &[reward("0.1", RewardCap::Now), repay],
        &expect![[r#"
            seize 90 for Resolver (liquidation reward)
            Err(NoSuchStage("repay"))
        "#]],
    );
    check(
        stand(0),
        &[Stage::WriteDown(WriteDown)],
        &expect![[r#"
            Err(NoSuchStage("write-down"))
        "#]],
    );
}
