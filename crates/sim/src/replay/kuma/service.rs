//! The liquidation service as a scenario describes it: the waterfall's hops as stages, and the
//! options.

use plimsoll_engine::backstop::deleverage::Policy;
use plimsoll_engine::backstop::fund::{FundPolicy, Gate, Gated, WindowCap};
use plimsoll_engine::liquidation::stages::{
    Acquire, CloseOnBook, Deleverage, HandOff, Reduce, SLICE_ONE, Slicing,
};
use plimsoll_engine::liquidation::{Stage, Whose};
use plimsoll_engine::venues::kuma::Service;

use crate::scenario::{Decimal, Defence, Deleveraging, Hop, KumaParameters, Slices};

/// The most wallets of a venue on which policies are compared unless the scenario says so.
const COMPARED_UP_TO: u32 = 10_000;

/// The service of a scenario with so many wallets: the options of `kuma-plus` are on where `plus`
/// says so.
pub(super) fn service(parameters: &KumaParameters, plus: bool, accounts: u32) -> Service {
    let options = parameters.options(plus);
    let base = if plus {
        Service::kuma_plus()
    } else {
        Service::kuma()
    };
    let policy = match parameters.deleveraging {
        Deleveraging::Queue => Policy::Queue,
        Deleveraging::ProRata => Policy::ProRata,
        Deleveraging::Minimal => Policy::Minimal,
    };
    let deleverage = |whose| Stage::Deleverage(Deleverage { whose, policy });
    let mut procedure = Vec::new();
    if options.partial {
        procedure.push(Stage::Reduce(Reduce));
    }
    procedure.extend([Stage::Acquire(Acquire), deleverage(Whose::Account)]);
    if policy == Policy::Minimal {
        // What is left of the wallet after the least reduction is the fund's.
        procedure.push(Stage::Acquire(Acquire));
    }
    procedure.extend(parameters.waterfall.iter().map(|hop| match hop {
        Hop::Partners => Stage::HandOff(HandOff),
        Hop::Book => Stage::CloseOnBook(CloseOnBook {
            collar_bps: options.collar.map(basis_points),
            slices: options.slices.map(slicing),
        }),
        Hop::Deleverage => deleverage(Whose::Backstop),
    }));
    Service {
        procedure,
        fund: options.defence.map_or_else(FundPolicy::default, fund),
        compare_policies: parameters
            .compare_policies
            .unwrap_or(accounts <= COMPARED_UP_TO),
        ..base
    }
}

fn basis_points(share: Decimal) -> u32 {
    u32::try_from(share.on_grid::<4>()).unwrap_or(u32::MAX)
}

fn slicing(slices: Slices) -> Slicing {
    let e5 = |share: Decimal| u32::try_from(share.on_grid::<5>()).unwrap_or(SLICE_ONE);
    Slicing {
        fraction_e5: e5(slices.fraction),
        interval: slices.interval.0,
        deep_e5: e5(slices.deep),
    }
}

fn fund(defence: Defence) -> FundPolicy {
    FundPolicy {
        account_cap: defence.per_account.map(super::setup::pips),
        window_cap: defence.per_window.map(|most| WindowCap {
            amount: super::setup::pips(most),
            length: defence.window.0,
        }),
        gate: defence.gate.map(|length| Gate {
            length: length.0,
            whom: Gated::Fund,
        }),
        ..FundPolicy::default()
    }
}
