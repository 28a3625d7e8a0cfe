//! One liquidation told as a story, from its events.
//!
//! A liquidation is many commands long: its events, in the order they came, are its record, and
//! each carries the numbers it was decided on. The story is told from them alone; of the venue it
//! takes the names of the instruments. Every event of a case carries the case's number, except the
//! trades themselves, which are found by the account.

use std::collections::BTreeMap;

use plimsoll_units::{AccountId, CaseId, Fixed, Timestamp};

use super::event::{Event, Numbers, PhaseName, Ranked};
use super::{InstrumentId, Kyan};
use crate::book::Side;
use crate::liquidation::Case;
use crate::liquidation::story::{Chapter, Story};

impl Event {
    /// The case it belongs to.
    #[must_use]
    pub const fn case(&self) -> Option<CaseId> {
        match self {
            Self::Phase { case, .. }
            | Self::Ordered { case, .. }
            | Self::Filled { case, .. }
            | Self::Decomposed { case, .. }
            | Self::Guarded { case, .. }
            | Self::Level { case, .. }
            | Self::Bankruptcy { case, .. }
            | Self::TakenOver { case, .. }
            | Self::Socialised { case, .. }
            | Self::Uncovered { case, .. }
            | Self::Bid { case, .. }
            | Self::HandedOff { case, .. } => Some(*case),
            _ => None,
        }
    }

    /// Whether it is part of a case's story: it carries its number, or is a trade of its account.
    #[must_use]
    pub fn concerns(&self, case: &Case) -> bool {
        match self {
            Self::Traded { maker, taker, .. } => [*maker, *taker].contains(&case.target.account),
            _ => self.case() == Some(case.id),
        }
    }
}

/// What is remembered while a story is told.
struct Telling<'a> {
    venue: &'a Kyan,
    case: &'a Case,
    story: Story,
    /// The numbers after the last action.
    last: Numbers,
    /// Who was on the other side of the last trade.
    other: Option<AccountId>,
    /// Incentives by who received them.
    received: BTreeMap<AccountId, i128>,
    fees: i128,
    ended: Option<PhaseName>,
}

impl Kyan {
    /// Tells a case from its events: those for which [`Event::concerns`] holds, with their times.
    #[must_use]
    pub fn tell(&self, case: &Case, events: &[(Timestamp, Event)]) -> Story {
        let mut telling = Telling {
            venue: self,
            case,
            story: Story::default(),
            last: Numbers::default(),
            other: None,
            received: BTreeMap::new(),
            fees: 0,
            ended: None,
        };
        telling.rule();
        let began = |(_, event): &(Timestamp, Event)| {
            matches!(
                event,
                Event::Phase {
                    to: PhaseName::Flagged,
                    ..
                }
            )
        };
        let first = events.iter().position(began).unwrap_or(0);
        for (at, event) in events.iter().skip(first) {
            telling.event(*at, event);
            if telling.ended.is_some() {
                break;
            }
        }
        telling.end()
    }
}

impl Telling<'_> {
    fn rule(&mut self) {
        let trigger = &self.case.trigger;
        self.story.tell(
            Chapter::Rule,
            "Kyan's page",
            "an account is liquidated when its maintenance margin exceeds its equity, strictly",
        );
        self.story.tell(
            Chapter::Rule,
            "and ends",
            "when the initial margin is within the equity, or a deposit brings the maintenance \
             margin within it, or nothing is left",
        );
        let inputs = [
            ("equity", money(trigger.equity)),
            ("maintenance margin", money(trigger.requirement)),
            ("cash", money(trigger.collateral)),
            ("positions at the index", money(trigger.notional)),
        ];
        let index = price(trigger.price);
        self.story.tell(Chapter::Inputs, "index", index);
        for (label, value) in inputs {
            self.story.tell(Chapter::Inputs, label, value);
        }
    }

    fn event(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::Phase { to, numbers, .. } => self.phase(at, *to, numbers),
            Event::Traded { maker, taker, .. } => {
                let own = self.case.target.account;
                self.other = Some(if *maker == own { *taker } else { *maker });
            }
            Event::Filled { .. } => self.filled(at, event),
            Event::Decomposed { ranked, .. } => {
                let parts: Vec<String> = ranked.iter().map(|r| self.ranked(r)).collect();
                let label = format!("{at} decomposed, closed in this order");
                self.story
                    .tell(Chapter::Arithmetic, label, parts.join("; "));
            }
            Event::Guarded { guard, why, .. } => {
                let label = format!("{at} guard G{}", *guard as u8);
                self.story.tell(Chapter::Arithmetic, label, why);
            }
            Event::Bid {
                bidder,
                share,
                paid,
                numbers,
                ..
            } => {
                let share = Fixed::<18>::from_raw(*share);
                let what = format!("{bidder} takes {share} of everything for {}", money(*paid));
                self.action(at, &what, numbers);
                let label = format!("{bidder} paid for a share of {share}");
                self.story.tell(Chapter::Movements, label, money(*paid));
            }
            Event::HandedOff {
                partner,
                instrument,
                quantity,
                price: at_price,
                mark,
                ..
            } => {
                let what = format!(
                    "{} of {} handed to {partner} at {}",
                    size(*quantity),
                    self.name(*instrument),
                    price((*at_price).into())
                );
                let fair = format!("fair value {}", price(*mark));
                self.story
                    .tell(Chapter::Arithmetic, format!("{at} {what}"), fair);
            }
            Event::Bankruptcy {
                deficit, positions, ..
            } => {
                let left: Vec<String> = positions
                    .iter()
                    .map(|(id, quantity)| format!("{} of {}", size(*quantity), self.name(*id)))
                    .collect();
                let label = format!("{at} bankrupt, lacking {}", money(*deficit));
                self.story.tell(Chapter::Arithmetic, label, left.join(", "));
            }
            Event::TakenOver {
                to_fund,
                loss,
                to_owner,
                ..
            } => {
                let rows = [
                    (
                        "the account to the insurance fund, for taking over",
                        to_fund,
                    ),
                    ("the insurance fund, for what the account lacked", loss),
                    ("left to the owner", to_owner),
                ];
                for (label, amount) in rows {
                    self.story.tell(Chapter::Movements, label, money(*amount));
                }
            }
            Event::Socialised {
                account,
                amount,
                profit,
                ..
            } => {
                let label = format!("{account} paid out of a profit of {}", money(*profit));
                self.story.tell(Chapter::Movements, label, money(*amount));
            }
            Event::Uncovered { amount, .. } => {
                let label = "nobody could pay, booked as the pair's shortfall";
                self.story.tell(Chapter::Movements, label, money(*amount));
            }
            _ => {}
        }
    }

    fn phase(&mut self, at: Timestamp, to: PhaseName, numbers: &Numbers) {
        if to == PhaseName::Flagged {
            self.story
                .tell(Chapter::Inputs, "initial margin", money(numbers.initial));
            self.story
                .tell(Chapter::Inputs, "net delta", size(numbers.delta));
            let lacking = numbers.maintenance.saturating_sub(numbers.equity);
            self.story.compute(
                "maintenance margin above equity",
                format!("{} - {}", money(numbers.maintenance), money(numbers.equity)),
                money(lacking),
                None,
            );
            self.story.tell(
                Chapter::Prevention,
                "a deposit before that moment of at least",
                money(lacking.max(0)),
            );
        }
        self.last = *numbers;
        let label = format!("{at} {to}");
        self.story.tell(Chapter::Arithmetic, label, stands(numbers));
        if matches!(
            to,
            PhaseName::Released | PhaseName::Cured | PhaseName::Closed
        ) {
            self.ended = Some(to);
        }
    }

    fn filled(&mut self, at: Timestamp, event: &Event) {
        let Event::Filled {
            stage,
            instrument,
            side,
            quantity,
            price: paid,
            mark,
            incentive,
            fee,
            numbers,
            ..
        } = event
        else {
            return;
        };
        let verb = match side {
            Side::Buy => "bought",
            Side::Sell => "sold",
        };
        let what = format!(
            "{}: {verb} {} of {} at {}, fair value {}, incentive {}, fee {}",
            stage.name(),
            size(*quantity),
            self.name(*instrument),
            price((*paid).into()),
            price(*mark),
            money(*incentive),
            money(*fee)
        );
        self.action(at, &what, numbers);
        if let Some(other) = self.other.take() {
            let received = self.received.entry(other).or_default();
            *received = received.saturating_add(*incentive);
        }
        self.fees = self.fees.saturating_add(*fee);
    }

    /// An action, with the margin before and after it.
    fn action(&mut self, at: Timestamp, what: &str, numbers: &Numbers) {
        let then = format!("{} -> {}", stands(&self.last), stands(numbers));
        self.story
            .tell(Chapter::Arithmetic, format!("{at} {what}"), then);
        self.last = *numbers;
    }

    fn end(mut self) -> Story {
        for (account, incentive) in &self.received {
            let label = format!("{account}, for taking the engine's orders, above fair value");
            self.story
                .tell(Chapter::Movements, label, money(*incentive));
        }
        if self.fees > 0 {
            let label = "the insurance fund, liquidation fees";
            self.story.tell(Chapter::Movements, label, money(self.fees));
        }
        let how = match self.ended {
            Some(PhaseName::Released) => "was released",
            Some(PhaseName::Cured) => "was cured by a deposit",
            Some(PhaseName::Closed) => "went bankrupt and was closed",
            _ => "is still in liquidation",
        };
        let (target, trigger) = (&self.case.target, &self.case.trigger);
        self.story.headline = format!(
            "{target}: flagged at {} with the index at {}; it {how}.",
            trigger.at,
            price(trigger.price)
        );
        self.story
    }

    fn ranked(&self, ranked: &Ranked) -> String {
        let legs: Vec<String> = ranked
            .legs
            .iter()
            .map(|(id, quantity)| format!("{} of {}", size(*quantity), self.name(*id)))
            .collect();
        let (kind, alone) = (&ranked.kind, money(ranked.isolated));
        format!("{kind} {} (alone {alone})", legs.join(" and "))
    }

    fn name(&self, instrument: InstrumentId) -> String {
        if instrument.is_perpetual() {
            return "the perpetual".to_owned();
        }
        let pair = self.venue.pair(self.case.target.market).ok();
        let listed = pair.and_then(|pair| pair.option(instrument));
        listed.map_or_else(|| instrument.to_string(), |listed| listed.terms.to_string())
    }
}

fn stands(numbers: &Numbers) -> String {
    format!(
        "equity {}, maintenance {}, initial {}, delta {}",
        money(numbers.equity),
        money(numbers.maintenance),
        money(numbers.initial),
        size(numbers.delta)
    )
}

fn money(raw: i128) -> Fixed<6> {
    Fixed::from_raw(raw)
}

fn size(raw: i64) -> Fixed<6> {
    Fixed::from_raw(raw.into())
}

fn price(raw: i128) -> Fixed<8> {
    Fixed::from_raw(raw)
}
