//! The measures by stories small enough to be worked out by hand. Amounts are dollars with two
//! decimals unless a test says otherwise.

use plimsoll_units::Timestamp;

use super::*;

const DOLLAR: i128 = 1_000_000;

fn breach(trader: u32, at: i64) -> Breach {
    Breach {
        trader,
        at: Timestamp(at),
        equity: 400,
        requirement: 500,
        scales: true,
        stakes: Vec::new(),
    }
}

fn taken(notional: i128, needed: i128, before: i128, after: i128) -> Taken {
    Taken {
        notional,
        needed,
        before,
        after,
    }
}

fn read(meter: &Meter) -> Measures {
    meter.measures(&Path::default())
}

/// A meter of cents, with a fund.
fn cents() -> Meter {
    Meter::new(2, Some(Bearer::InsuranceFund))
}

#[test]
fn the_least_that_restores_is_the_share_that_is_missing() {
    for (notional, equity, requirement, least) in [
        // A fifth of the requirement is missing: a fifth of everything.
        (10_000, 400, 500, 2_000),
        // Rounded up: less would not be enough.
        (10_001, 400, 500, 2_001),
        (10_000, 499, 500, 20),
        (10_000, 500, 500, 0),
        (10_000, 600, 500, 0),
        // Without equity nothing less than everything.
        (10_000, 0, 500, 10_000),
        (10_000, -50, 500, 10_000),
        // A short's notional may come with its sign.
        (-10_000, 400, 500, 2_000),
    ] {
        assert_eq!(
            least_notional(notional, equity, requirement),
            least,
            "{notional} {equity} {requirement}"
        );
    }
}

#[test]
fn a_trader_with_two_accounts_counts_once_and_a_second_liquidation_is_not_a_second_trader() {
    let mut meter = cents();
    meter.joined(7, 10_000);
    meter.joined(7, 5_000);
    meter.joined(3, 1_000);
    for (key, at) in [(1, 0), (2, 0), (1, 100)] {
        meter.breach(key, breach(7, at));
        meter.took(key, taken(1_000, 1_000, 0, 0));
        meter.resolved(key, Timestamp(at + 10));
    }
    let measures = read(&meter);
    assert_eq!(measures.traders, 2);
    assert_eq!(measures.deposits, 160 * DOLLAR);
    assert_eq!(measures.liquidated, 1);
    assert_eq!(measures.speed.breaches, 3);
    assert_eq!(measures.liquidated_notional, 30 * DOLLAR);
}

#[test]
fn what_was_needed_is_asked_when_the_first_is_taken_and_excess_is_counted_breach_by_breach() {
    let mut meter = cents();
    // One gives three times 40 where 100 was needed: 20 too much, though each step was less.
    meter.breach(1, breach(1, 0));
    for needed in [100, 60, 20] {
        meter.took(1, taken(40, needed, 0, 0));
    }
    // Another gives less than was needed: that makes up for nothing.
    meter.breach(2, breach(2, 0));
    meter.took(2, taken(70, 100, 0, 0));
    let measures = read(&meter);
    assert_eq!(measures.needed_notional, 2 * DOLLAR);
    assert_eq!(measures.liquidated_notional, 190 * DOLLAR / 100);
    assert_eq!(measures.excess_notional, 20 * DOLLAR / 100);
}

#[test]
fn equity_lost_to_liquidation_counts_none_below_nothing_and_gains_of_the_same_breach_against_it() {
    let cases: [(&[(i128, i128)], i128); 6] = [
        (&[(500, 0)], 500),
        // It had 500 and owes 200 now: it lost what it had.
        (&[(500, -200)], 500),
        // It owed already: nothing was there to lose.
        (&[(-300, -400)], 0),
        (&[(-300, 0)], 0),
        // A step that gained is set against one that lost.
        (&[(500, 300), (300, 350)], 150),
        (&[(300, 350)], 0),
    ];
    for (steps, lost) in cases {
        let mut meter = cents();
        meter.breach(1, breach(1, 0));
        for (before, after) in steps {
            meter.took(1, taken(1, 1, *before, *after));
        }
        assert_eq!(
            read(&meter).over_liquidation,
            lost * DOLLAR / 100,
            "{steps:?}"
        );
    }
}

#[test]
fn times_are_ordered_and_what_was_never_resolved_took_for_ever() {
    // (times, never resolved, median, 99 of 100)
    type Case<'a> = (&'a [i64], u64, Option<i64>, Option<i64>);
    let cases: [Case<'_>; 6] = [
        (&[], 0, None, None),
        (&[5], 0, Some(5), Some(5)),
        (&[9, 1, 5], 0, Some(5), Some(9)),
        (&[1, 2, 3, 4], 0, Some(2), Some(4)),
        // Half were resolved, so the median is known and nothing beyond it is.
        (&[3, 1], 2, Some(3), None),
        (&[3], 2, None, None),
    ];
    for (times, unresolved, median, p99) in cases {
        let mut meter = cents();
        for (key, time) in (0u64..).zip(times) {
            meter.breach(key, breach(0, 1_000));
            meter.resolved(key, Timestamp(1_000 + time));
        }
        for key in 0..unresolved {
            meter.breach(100 + key, breach(0, 1_000));
        }
        let speed = read(&meter).speed;
        assert_eq!((speed.median, speed.p99), (median, p99), "{times:?}");
        assert_eq!(speed.unresolved, unresolved);
        assert_eq!(speed.breaches, times.len() as u64 + unresolved);
    }
    // 100 breaches, the slowest of which is not among the 99.
    let mut meter = cents();
    for key in 0..100 {
        meter.breach(key, breach(0, 0));
        let time = if key == 50 { 1_000_000 } else { 7 };
        meter.resolved(key, Timestamp(time));
    }
    assert_eq!(read(&meter).speed.p99, Some(7));
}

#[test]
fn an_open_breach_is_one_breach_however_often_it_is_told() {
    let mut meter = cents();
    meter.breach(1, breach(1, 10));
    meter.breach(1, breach(1, 20));
    assert!(meter.is_open(1));
    meter.resolved(1, Timestamp(30));
    meter.resolved(1, Timestamp(40));
    assert!(!meter.is_open(1));
    let speed = read(&meter).speed;
    assert_eq!((speed.breaches, speed.median), (1, Some(20)));
}

/// What happens to a fund, in cents.
#[derive(Debug, Clone, Copy)]
enum Fact {
    Put(i128),
    Breach,
    Stands(i128),
    Lost(Bearer, i128),
    Outstanding(i128),
    PassedOn(i128),
}

#[test]
fn the_fund_that_would_have_sufficed_bears_everybodys_losses_from_the_beginning() {
    use Fact::*;
    let fund = Bearer::InsuranceFund;
    // (facts, start, low, end, sufficient)
    let cases: [(&str, &[Fact], [i128; 4]); 8] = [
        (
            "nothing happens",
            &[Put(100), Breach, Stands(100)],
            [100, 100, 100, 0],
        ),
        (
            "it bears all",
            &[Put(100), Breach, Lost(fund, 60), Stands(40), Stands(70)],
            [100, 40, 70, 60],
        ),
        (
            "accounts in profit bear what it has not",
            &[
                Put(100),
                Breach,
                Lost(fund, 100),
                Lost(Bearer::Socialised, 50),
                Stands(0),
            ],
            [100, 0, 0, 150],
        ),
        (
            "what it gains first it need not have begun with",
            &[Put(100), Breach, Stands(130), Lost(fund, 50), Stands(80)],
            [100, 80, 80, 20],
        ),
        (
            "a later gain does not undo the low",
            &[Put(100), Breach, Stands(20), Stands(200)],
            [100, 20, 200, 80],
        ),
        (
            "money put in or taken out is neither gain nor loss",
            &[
                Put(100),
                Breach,
                Put(50),
                Stands(150),
                Put(-120),
                Stands(30),
            ],
            [100, 30, 30, 0],
        ),
        (
            "what nobody has dealt with yet is owed by somebody",
            &[
                Put(100),
                Breach,
                Outstanding(40),
                Stands(100),
                Outstanding(0),
                Stands(100),
            ],
            [100, 100, 100, 40],
        ),
        (
            "what it passes on it would have lost itself",
            &[
                Put(100),
                Breach,
                PassedOn(30),
                Stands(90),
                PassedOn(-10),
                Stands(90),
            ],
            [100, 90, 90, 40],
        ),
    ];
    for (story, facts, expected) in cases {
        let mut meter = cents();
        for fact in facts {
            match *fact {
                Put(amount) => meter.endowed(amount),
                Breach => meter.breach(1, breach(1, 0)),
                Stands(amount) => meter.stands(amount),
                Lost(who, amount) => meter.lost(who, amount),
                Outstanding(amount) => meter.outstanding(amount),
                PassedOn(amount) => meter.passed_on(amount),
            }
        }
        let fund = read(&meter).fund.unwrap();
        let found = [fund.start, fund.low, fund.end, fund.sufficient];
        assert_eq!(found, expected.map(|cents| cents * DOLLAR / 100), "{story}");
    }
}

#[test]
fn the_low_of_a_backstop_is_looked_for_from_the_first_breach_on() {
    let mut meter = cents();
    // Liquidity comes bit by bit; that it was little before is no low.
    for amount in [10, 30, 60] {
        meter.endowed(amount);
        meter.stands(amount);
    }
    meter.endowed(0);
    meter.stands(100);
    meter.breach(1, breach(1, 0));
    meter.stands(90);
    let fund = read(&meter).fund.unwrap();
    assert_eq!((fund.start, fund.low), (DOLLAR, 90 * DOLLAR / 100));
}

#[test]
fn bad_debt_is_told_by_bearer_and_what_nobody_bore_among_it() {
    let mut meter = cents();
    meter.lost(Bearer::Deleveraged, 300);
    meter.lost(Bearer::InsuranceFund, 500);
    meter.lost(Bearer::Deleveraged, 400);
    meter.lost(Bearer::Makers, 0);
    meter.lost(Bearer::Nobody, 150);
    meter.lost(Bearer::Nobody, -100);
    meter.outstanding(999);
    meter.outstanding(50);
    let measures = read(&meter);
    let told: Vec<(&str, i128)> = measures
        .bad_debt
        .iter()
        .map(|share| (share.who.as_str(), share.amount / (DOLLAR / 100)))
        .collect();
    assert_eq!(
        told,
        [
            ("deleveraged counterparties", 700),
            ("insurance fund", 500),
            ("nobody: claims unpaid", 100)
        ]
    );
    assert_eq!(measures.bad_debt_total(), 13 * DOLLAR);
    assert_eq!(measures.bad_debt_of_others, 8 * DOLLAR);
}

#[test]
fn what_a_backstop_passes_on_is_no_bad_debt() {
    let mut meter = cents();
    meter.passed_on(500);
    meter.passed_on(-200);
    let measures = read(&meter);
    assert_eq!(measures.passed_on, 3 * DOLLAR);
    assert_eq!(measures.bad_debt_total(), 0);
}

#[test]
fn a_design_without_a_backstop_has_none_and_its_losses_are_others() {
    let mut meter = Meter::new(2, None);
    meter.lost(Bearer::Nobody, 100);
    meter.stands(5);
    let measures = read(&meter);
    assert_eq!(measures.fund, None);
    assert_eq!(measures.bad_debt_of_others, DOLLAR);
}

#[test]
fn amounts_of_any_decimals_become_micro_dollars_cut_off() {
    for (decimals, raw, micro) in [
        (0, 3, 3_000_000),
        (2, 123, 1_230_000),
        (6, -7, -7),
        (8, 199, 1),
        (8, -199, -1),
        (18, 1_999_999_999_999, 1),
    ] {
        let mut meter = Meter::new(decimals, None);
        meter.joined(0, raw);
        assert_eq!(read(&meter).deposits, micro, "{raw} with {decimals}");
    }
    // Cut off once, not with every amount.
    let mut meter = Meter::new(8, None);
    meter.paid(Payee::Keepers, 60);
    meter.paid(Payee::Keepers, 60);
    assert_eq!(read(&meter).incentives_total(), 1);
}

#[test]
fn deleveraging_counts_traders_once_and_may_be_a_gain() {
    let mut meter = cents();
    meter.deleveraged(4, 1_000, 30);
    meter.deleveraged(4, 500, -50);
    meter.deleveraged(9, 100, 0);
    let found = read(&meter).deleveraged;
    assert_eq!(
        (found.traders, found.notional, found.cost),
        (2, 16 * DOLLAR, -20 * DOLLAR / 100)
    );
}

#[test]
fn fills_on_the_book_are_weighted_by_notional() {
    // (fills, mean and worst in hundredths of a basis point)
    type Case<'a> = (&'a [(i128, i128)], i64, i64);
    let cases: [Case<'_>; 5] = [
        (&[(10_000, 1)], 100, 100),
        // 1 and 3 basis points, three times as much of the second.
        (&[(10_000, 1), (30_000, 9)], 250, 300),
        // Better than the mark.
        (&[(10_000, -2)], -200, 0),
        (&[(30_000, 1)], 34, 34),
        (&[(0, 0)], 0, 0),
    ];
    for (fills, mean, worst) in cases {
        let mut meter = cents();
        for (notional, against) in fills {
            meter.on_book(*notional, *against);
        }
        let book = read(&meter).book.unwrap();
        assert_eq!(
            (book.mean_e2_bps, book.worst_e2_bps),
            (mean, worst),
            "{fills:?}"
        );
    }
    let mut meter = cents();
    assert_eq!(read(&meter).book, None);
    meter.has_book();
    assert_eq!(read(&meter).book, Some(Book::default()));
}

#[test]
fn lines_say_what_was_known_when_they_were_sampled() {
    let mut meter = cents();
    meter.joined(1, 10_000);
    meter.endowed(5_000);
    meter.sampled(Timestamp(1), 10_000);
    meter.breach(1, breach(1, 1));
    meter.took(1, taken(1, 1, 0, 0));
    meter.lost(Bearer::InsuranceFund, 2_000);
    meter.stands(3_000);
    meter.outstanding(100);
    meter.sampled(Timestamp(2), 2_500);
    let measures = read(&meter);
    for (line, values) in [
        (&measures.liquidated_over_time, [0.0, 1.0]),
        (&measures.bad_debt_over_time, [0.0, 21.0]),
        (&measures.backstop_over_time, [50.0, 30.0]),
        (&measures.equity_over_time, [1.0, 0.25]),
    ] {
        assert_eq!(
            (&line.times[..], &line.values[..]),
            (&[1, 2][..], &values[..])
        );
    }
}
