//! How a story prints.

use expect_test::{Expect, expect};

use super::*;

fn check(story: &Story, expected: &Expect) {
    expected.assert_eq(&story.to_string());
}

#[test]
fn chapters_come_in_their_order_however_they_were_told() {
    let mut story = Story::new("account-3 was liquidated in market-0 at 2025-10-10 21:20:00.000");
    story.tell(
        Chapter::Prevention,
        "collateral that would have kept it",
        "12.5 DSU",
    );
    story.tell(Chapter::Inputs, "price", "3850.25");
    story.tell(Chapter::Rule, "maintenance > collateral", "Perennial V1");
    story.compute(
        "maintenance",
        "|2| x 3850.25 x 0.3",
        "2310.15",
        Some(Rounding::Down),
    );
    story.compute("short by", "2310.15 - 2300", "10.15", None);
    story.tell(Chapter::Inputs, "collateral", "2300");
    story.tell(Chapter::Arithmetic, "therefore", "liquidatable");
    story.tell(Chapter::Movements, "liquidator's reward", "462.03 DSU");
    check(
        &story,
        &expect![[r#"
        account-3 was liquidated in market-0 at 2025-10-10 21:20:00.000

        The rule
          maintenance > collateral: Perennial V1

        The inputs
          price: 3850.25
          collateral: 2300

        The arithmetic
          maintenance = |2| x 3850.25 x 0.3 = 2310.15  (rounded toward zero)
          short by = 2310.15 - 2300 = 10.15
          therefore: liquidatable

        Who was paid
          liquidator's reward: 462.03 DSU

        What would have prevented it
          collateral that would have kept it: 12.5 DSU
    "#]],
    );
}

#[test]
fn chapters_without_lines_are_not_printed() {
    check(
        &Story::new("nothing happened"),
        &expect![[r#"
        nothing happened
    "#]],
    );
    let mut story = Story::new("paid");
    story.tell(Chapter::Movements, "to", 5);
    check(
        &story,
        &expect![[r#"
        paid

        Who was paid
          to: 5
    "#]],
    );
}

#[test]
fn every_rounding_has_its_own_words() {
    let roundings = [
        Rounding::Down,
        Rounding::Floor,
        Rounding::Ceil,
        Rounding::Up,
        Rounding::HalfEven,
    ];
    let mut story = Story::new("roundings");
    for rounding in roundings {
        story.compute(format!("{rounding:?}"), "7 / 2", "?", Some(rounding));
    }
    check(
        &story,
        &expect![[r#"
        roundings

        The arithmetic
          Down = 7 / 2 = ?  (rounded toward zero)
          Floor = 7 / 2 = ?  (rounded down)
          Ceil = 7 / 2 = ?  (rounded up)
          Up = 7 / 2 = ?  (rounded away from zero)
          HalfEven = 7 / 2 = ?  (rounded to nearest, for display)
    "#]],
    );
}
