//! Rules as scripts: one line an act, run by both books, what they say beside what is expected.
//!
//! `7 ann/3 buy 10 @ 100 ioc cn bound 99 ro` places order 7 of account `ann` in group 3. Without
//! `@` it is a market order; the rest is optional (gtc, dc). `replace` before it replaces. Other
//! acts: `cancel 7`, `reduce 7 by 3`, `cancel-all ann`, `mark`, `rollback`, `commit`, `book`;
//! and for the desk: `maker ann has 3` (then it cannot trade on), `taker has 5`, `fail at 2`.

use std::fmt::Write as _;

use plimsoll_engine::book::naive::NaiveBook;
use plimsoll_engine::book::{
    Book, Cut, End, Gone, Level, Limits, NotPlaced, Order, OrderId, Owner, Placed, SelfTrade, Side,
    Standing, TimeInForce,
};

use crate::world::{AnyBook, Failed, Heard, Recorder};

pub(crate) const ROOMY: Limits = Limits {
    orders: 1_000,
    orders_per_owner: 100,
};

const NAMES: [&str; 5] = ["ann", "bob", "cyd", "dan", "eve"];

/// Runs the script through both books; what they say is the same, and as expected.
#[track_caller]
pub(crate) fn check(script: &str, expected: &expect_test::Expect) {
    check_with(ROOMY, script, expected);
}

#[track_caller]
pub(crate) fn check_with(limits: Limits, script: &str, expected: &expect_test::Expect) {
    let (ours, bytes) = run::<Book>(limits, script);
    let (naive, naive_bytes) = run::<NaiveBook>(limits, script);
    assert_eq!(ours, naive, "the naive book says otherwise");
    assert_eq!(bytes, naive_bytes, "the naive book holds something else");
    expected.assert_eq(&ours);
}

fn run<B: AnyBook>(limits: Limits, script: &str) -> (String, Vec<u8>) {
    let mut run = Run {
        book: B::empty(limits),
        desk: Recorder::default(),
        marks: Vec::new(),
        said: String::new(),
    };
    for line in script.lines().map(str::trim).filter(|l| !l.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        run.act(&words);
        run.book.audit().unwrap_or_else(|e| panic!("{line}: {e}"));
    }
    (run.said, run.book.bytes())
}

struct Run<B> {
    book: B,
    desk: Recorder,
    marks: Vec<(usize, Vec<u8>)>,
    said: String,
}

impl<B: AnyBook> Run<B> {
    fn act(&mut self, words: &[&str]) {
        match words {
            ["cancel", id] => {
                let said = match self.book.cancel(OrderId(number(id))) {
                    Ok(left) => format!("cancelled {}", stands(&left)),
                    Err(refusal) => format!("refused: {refusal}"),
                };
                self.say(words, &said);
            }
            ["reduce", id, "by", by] => {
                let said = match self.book.reduce(OrderId(number(id)), number(by)) {
                    Ok(left) => format!("{left} left"),
                    Err(refusal) => format!("refused: {refusal}"),
                };
                self.say(words, &said);
            }
            ["cancel-all", who] => {
                let gone = self.book.cancel_all(account(who));
                let gone: Vec<String> = gone.iter().map(stands).collect();
                let gone = if gone.is_empty() {
                    "nothing".to_owned()
                } else {
                    gone.join(", ")
                };
                self.say(words, &format!("cancelled {gone}"));
            }
            ["mark"] => {
                let mark = self.book.mark();
                self.marks.push((mark, self.book.bytes()));
            }
            ["rollback"] => {
                let (mark, bytes) = self.marks.pop().expect("a mark");
                self.book.rollback(mark);
                assert_eq!(self.book.bytes(), bytes, "rolled back to something else");
                self.say(words, "as it was");
            }
            ["commit"] => self.book.commit(),
            ["book"] => self.show(),
            ["maker", who, "has", room] => {
                self.desk.makers.insert(account(who), number(room));
            }
            ["taker", "has", room] => self.desk.taker = Some(number(room)),
            ["fail", "at", fill] => self.desk.fail_at = Some(number(fill) as usize),
            ["replace", rest @ ..] => {
                let placed = self.book.replace(&order(rest), &mut self.desk);
                self.placed(words, placed);
            }
            _ => {
                let placed = self.book.place(&order(words), &mut self.desk);
                self.placed(words, placed);
            }
        }
    }

    fn say(&mut self, words: &[&str], said: &str) {
        let _ = writeln!(self.said, "{}: {said}", words.join(" "));
    }

    fn placed(&mut self, words: &[&str], placed: Result<Placed, NotPlaced<Failed>>) {
        let said = match placed {
            Ok(placed) => {
                let sum = placed.filled + placed.rests + placed.cancelled;
                let order = order(words.strip_prefix(&["replace"]).unwrap_or(words));
                assert_eq!(sum, order.quantity, "{placed:?}");
                ended(&placed)
            }
            Err(NotPlaced::Refused(refusal)) => format!("refused: {refusal}"),
            Err(NotPlaced::Desk(Failed)) => "the desk failed".to_owned(),
        };
        self.say(words, &said);
        for heard in std::mem::take(&mut self.desk.heard) {
            let _ = writeln!(self.said, "    {}", hears(heard));
        }
        let keep = (self.desk.makers.clone(), self.desk.taker, self.desk.fail_at);
        self.desk = Recorder::default();
        (self.desk.makers, self.desk.taker, self.desk.fail_at) = keep;
    }

    fn show(&mut self) {
        for side in [Side::Buy, Side::Sell] {
            let levels = self.book.levels(side);
            let line = self.book.line(side);
            for level in levels {
                let here = line.iter().filter(|order| order.price == level.price);
                let here: Vec<String> = here.map(stands).collect();
                let Level { quantity, .. } = level;
                let (price, here) = (level.price, here.join(", "));
                let _ = writeln!(self.said, "  {side} {price}: {quantity} = {here}");
            }
        }
    }
}

fn stands(order: &Standing) -> String {
    format!("{} of #{}", order.quantity, order.id.0)
}

fn ended(placed: &Placed) -> String {
    let why = match placed.end {
        End::Filled => "filled",
        End::Rests => "rests",
        End::Cut(Cut::SelfTrade) => "cut by a self-trade",
        End::Cut(Cut::Stopped) => "stopped by the desk",
        End::Cut(Cut::NothingLeft) => "nothing left to trade with",
        End::Cut(Cut::Bound) => "the next price is beyond its bound",
        End::Cut(Cut::NoRoom) => "no room for the rest",
    };
    let (filled, rests, cancelled) = (placed.filled, placed.rests, placed.cancelled);
    format!("{filled} filled, {rests} rest, {cancelled} cancelled ({why})")
}

fn hears(heard: Heard) -> String {
    match heard {
        Heard::Fill(maker, quantity, price) => format!("#{} gives {quantity} at {price}", maker.0),
        Heard::CannotTrade(maker) => format!("#{} cannot trade", maker.0),
        Heard::Stopped(maker) => format!("the taker cannot trade with #{}", maker.0),
        Heard::Gone(maker, left, why) => {
            let why = match why {
                Gone::Filled => "filled",
                Gone::SelfTrade => "self-trade",
                Gone::Refused => "refused",
            };
            format!("#{} is gone with {left} left: {why}", maker.0)
        }
        Heard::Decremented(maker, by, left) => {
            format!("#{} loses {by} to self-trade, {left} left", maker.0)
        }
    }
}

fn number(word: &str) -> u64 {
    word.parse().unwrap_or_else(|_| panic!("a number: {word}"))
}

fn account(name: &str) -> u32 {
    let at = NAMES.iter().position(|n| *n == name);
    u32::try_from(at.unwrap_or_else(|| panic!("an account: {name}"))).expect("few names")
}

fn order(words: &[&str]) -> Order {
    let [id, who, side, quantity, options @ ..] = words else {
        panic!("an order: {words:?}");
    };
    let (name, group) = match who.split_once('/') {
        Some((name, group)) => (name, Some(number(group) as u32)),
        None => (*who, None),
    };
    let mut order = Order {
        id: OrderId(number(id)),
        owner: Owner {
            id: account(name),
            group,
        },
        side: if *side == "buy" {
            Side::Buy
        } else {
            Side::Sell
        },
        limit: None,
        bound: None,
        quantity: number(quantity),
        time_in_force: TimeInForce::Gtc,
        self_trade: SelfTrade::DecrementAndCancel,
        reduce_only: false,
    };
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let mut next = || number(options.next().expect("a number"));
        match *option {
            "@" => order.limit = Some(next()),
            "bound" => order.bound = Some(next()),
            "gtc" => order.time_in_force = TimeInForce::Gtc,
            "gtx" => order.time_in_force = TimeInForce::Gtx,
            "ioc" => order.time_in_force = TimeInForce::Ioc,
            "fok" => order.time_in_force = TimeInForce::Fok,
            "dc" => order.self_trade = SelfTrade::DecrementAndCancel,
            "co" => order.self_trade = SelfTrade::CancelOldest,
            "cn" => order.self_trade = SelfTrade::CancelNewest,
            "cb" => order.self_trade = SelfTrade::CancelBoth,
            "ro" => order.reduce_only = true,
            other => panic!("an option: {other}"),
        }
    }
    order
}
