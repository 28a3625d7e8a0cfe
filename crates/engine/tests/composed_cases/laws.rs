//! Laws over random designs in random histories. The books are audited after every command, and
//! refused commands leave the state hash as it was ([`World::apply`]).

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_engine::Event;
use plimsoll_engine::ledger::{HolderKind, Reason};
use plimsoll_engine::liquidation::{BlockedReason, CaseEvent, Outcome, StageKind};
use plimsoll_engine::venues::composed::{Acquirer, Command, Config, Event as Told, Taker};
use plimsoll_engine::{Body, Command as Timed, Engine};
use plimsoll_units::{AccountId, CaseId, MarketId, Timestamp};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::designs::*;
use crate::world::*;

/// What a backstop's equity may differ by from its retelling: a pip for each event and mark.
const DUST: i128 = 200;

/// The venue as its events tell it, to hold them against the laws.
#[derive(Debug, Default)]
struct Watcher {
    sizes: BTreeMap<(AccountId, MarketId), i64>,
    equity: BTreeMap<AccountId, i128>,
    /// By case: what was owed, as far as it was paid, shared, or not.
    borne: BTreeMap<CaseId, i128>,
    /// Cases of which the acquirer or counterparties took positions.
    taken: BTreeSet<CaseId>,
    open: BTreeMap<AccountId, CaseId>,
    /// What was seen, by name.
    seen: BTreeMap<String, u32>,
}

impl Watcher {
    /// The backstops' equity at the marks that the command brings, and everybody's sizes.
    fn begin(&mut self, world: &World, command: &Command) {
        let venue = world.venue();
        let mut marks: BTreeMap<MarketId, u64> = BTreeMap::new();
        for market in venue.market_ids() {
            marks.insert(market, venue.mark(market).unwrap());
        }
        if let Command::Prices(prices) = command {
            marks.extend(prices.iter().copied());
        }
        self.sizes.clear();
        for account in (0..venue.holdings().count()).map(account) {
            let mut equity = venue.balance(world.engine.ledger(), account).unwrap();
            for position in venue.positions(account) {
                let (market, size) = (position.market, position.size);
                self.sizes.insert((account, market), size);
                equity += worth(size, marks[&market]);
            }
            if account == FUND || account == VAULT {
                self.equity.insert(account, equity);
            }
        }
    }

    /// Holds the events of a command against the laws.
    fn look(&mut self, world: &World, events: &[Event]) -> Result<(), String> {
        let mut counterparties = BTreeSet::new();
        let mut closed = Vec::new();
        for event in events {
            self.see(event);
            match event {
                Event::Composed(Told::Moved { .. }) => {
                    self.moved(world, event, &mut counterparties)?;
                }
                Event::Composed(Told::Unpaid {
                    case,
                    account,
                    amount,
                }) => {
                    *self.borne.entry(*case).or_default() += amount;
                    let ledger = world.engine.ledger();
                    let balance = world.venue().balance(ledger, *account).unwrap();
                    if balance != -amount {
                        return Err(format!("{amount} of {balance} is unpaid"));
                    }
                }
                Event::Composed(Told::Socialised { case, amount, .. }) => {
                    *self.borne.entry(*case).or_default() += amount;
                }
                Event::Money(_) => self.paid(event)?,
                Event::Case(CaseEvent::Opened(case)) => {
                    self.open.insert(case.target.account, case.id);
                }
                Event::Case(CaseEvent::Closed {
                    case,
                    outcome,
                    target,
                }) => {
                    closed.push((*case, *outcome));
                    self.open.remove(&target.account);
                    if world.venue().cases().of(target.account) == Some(*case) {
                        return Err(format!("{case} was closed and is open"));
                    }
                }
                Event::Case(CaseEvent::Stage { case, stage, .. }) => {
                    let takes = matches!(stage, StageKind::Acquire | StageKind::Reduce);
                    let acquirer = match world.venue().config().backstops.acquirer {
                        Acquirer::Fund => FUND,
                        Acquirer::Vault => VAULT,
                    };
                    let left = self.equity[&acquirer];
                    if takes && left < -DUST {
                        return Err(format!("{acquirer} has {left} after {stage:?} of {case}"));
                    }
                }
                Event::Case(CaseEvent::Blocked { case, reason }) => {
                    let bug = matches!(reason, BlockedReason::Panic | BlockedReason::Arithmetic);
                    if bug {
                        return Err(format!("{case} is blocked: {}", reason.text()));
                    }
                }
                _ => {}
            }
        }
        for account in counterparties {
            let ledger = world.engine.ledger();
            if world.venue().is_under(ledger, account).unwrap() {
                return Err(format!("{account} was deleveraged below its requirement"));
            }
        }
        for (case, outcome) in closed {
            self.settled(case, outcome)?;
        }
        Ok(())
    }

    fn see(&mut self, event: &Event) {
        let name = match event {
            Event::Composed(Told::Moved { taker, .. }) => format!("{taker:?}"),
            Event::Composed(Told::Unpaid { .. }) => "unpaid".to_owned(),
            Event::Case(CaseEvent::Stage { stage, .. }) => stage.name().to_owned(),
            Event::Case(CaseEvent::Blocked { reason, .. }) => format!("blocked: {reason:?}"),
            Event::Case(CaseEvent::Closed { outcome, .. }) => match outcome {
                Outcome::Recovered => "recovered".to_owned(),
                Outcome::Liquidated { shortfall: 0 } => "liquidated".to_owned(),
                Outcome::Liquidated { .. } => "bankrupt".to_owned(),
            },
            Event::Money(money) => money.reason.text().to_owned(),
            _ => return,
        };
        *self.seen.entry(name).or_default() += 1;
    }

    /// What was owed was borne, to the pip.
    fn settled(&self, case: CaseId, outcome: Outcome) -> Result<(), String> {
        let Outcome::Liquidated { shortfall } = outcome else {
            return Ok(());
        };
        let borne = self.borne.get(&case).copied().unwrap_or(0);
        let exact = !self.taken.contains(&case);
        if borne > shortfall || (exact && borne != shortfall) {
            return Err(format!("{shortfall} were owed in {case}, {borne} borne"));
        }
        Ok(())
    }

    fn moved(
        &mut self,
        world: &World,
        event: &Event,
        counterparties: &mut BTreeSet<AccountId>,
    ) -> Result<(), String> {
        let Event::Composed(Told::Moved {
            case,
            market,
            from,
            to,
            taker,
            size,
            quote,
            mark,
            ..
        }) = event
        else {
            return Ok(());
        };
        let mine = world.venue().mark(*market).unwrap();
        if mine != *mark || *size == 0 || *quote < 0 {
            return Err(format!("{event:?} at a mark of {mine}"));
        }
        let won = worth(*size, *mark) - quote * i128::from(size.signum());
        for (account, won) in [(from, -won), (to, won)] {
            if let Some(equity) = self.equity.get_mut(account) {
                *equity += won;
            }
        }
        let before = self.size(*to, *market);
        let gone = self.size(*from, *market);
        self.sizes.insert((*from, *market), gone - size);
        self.sizes.insert((*to, *market), before + size);
        // The vault is also the counterparty of positions that are of no case.
        let has = gone.signum() * size.signum() > 0 && size.abs() <= gone.abs();
        if *from != VAULT && !has {
            return Err(format!("{from} has {gone} and gives {size}"));
        }
        if matches!(taker, Taker::Acquirer | Taker::Counterparty) {
            self.taken.insert(*case);
        }
        if *taker == Taker::Counterparty {
            let after = before + size;
            if before.signum() * size.signum() >= 0 || after.signum() * before.signum() < 0 {
                return Err(format!("{to} had {before} and has {after}"));
            }
            if self.open.contains_key(to) {
                return Err(format!("{to} is in liquidation, and was deleveraged"));
            }
            counterparties.insert(*to);
        }
        Ok(())
    }

    fn size(&self, account: AccountId, market: MarketId) -> i64 {
        self.sizes.get(&(account, market)).copied().unwrap_or(0)
    }

    fn paid(&mut self, event: &Event) -> Result<(), String> {
        let Event::Money(money) = event else {
            return Ok(());
        };
        let with_position = matches!(
            money.reason,
            Reason::Trade
                | Reason::Acquisition
                | Reason::HandOff
                | Reason::Deleveraging
                | Reason::AuctionPayment
        );
        if with_position {
            return Ok(());
        }
        let of = |holder: &plimsoll_engine::ledger::Holder| {
            let account = u32::try_from(holder.number).ok().map(AccountId);
            account.filter(|_| holder.kind == HolderKind::Margin)
        };
        let (from, to) = (of(&money.from), of(&money.to));
        for (account, won) in [(from, -money.amount), (to, money.amount)] {
            if let Some(equity) = account.and_then(|a| self.equity.get_mut(&a)) {
                *equity += won;
            }
        }
        let debt = matches!(
            money.reason,
            Reason::InsurancePayout | Reason::ShortfallResolved | Reason::LossSocialised
        );
        if debt {
            let payer = from.and_then(|a| self.equity.get(&a));
            if payer.is_some_and(|left| *left < -DUST) {
                return Err(format!("{money:?} is more than there was"));
            }
            let case = to.and_then(|account| self.open.get(&account));
            // What is shared names its case itself, when that is closed already.
            if let Some(case) = case.filter(|_| money.reason != Reason::LossSocialised) {
                *self.borne.entry(*case).or_default() += money.amount;
            }
        }
        Ok(())
    }
}

fn account(at: usize) -> AccountId {
    AccountId(u32::try_from(at).unwrap())
}

fn worth(size: i64, mark: u64) -> i128 {
    i128::from(size) * i128::from(mark) / i128::from(ONE)
}

fn run(config: &Config, acts: &[Act], restore_at: usize) -> Result<Watcher, String> {
    let mut world = peopled(config.clone());
    let mut twin: Option<Engine> = None;
    let mut watcher = Watcher::default();
    let mut now = 0;
    for (count, act) in acts.iter().enumerate() {
        if count == restore_at {
            let bytes = world.engine.snapshot().unwrap();
            twin = Some(Engine::restore(&bytes).unwrap());
        }
        if let Act::Later(by) = act {
            now += by;
            world.later(*by);
        }
        let command = command_of(&world, act, count);
        watcher.begin(&world, &command);
        let done = world.apply(&command);
        if let Some(twin) = &mut twin {
            let timed = Timed {
                time: Timestamp(now),
                venue: VENUE,
                body: Body::Composed(command.clone()),
            };
            let same = twin.apply(&timed).map(<[Event]>::to_vec);
            if same != done {
                return Err(format!("{command:?}: {done:?}, but to the twin {same:?}"));
            }
            if twin.state_hash() != world.engine.state_hash() {
                return Err(format!("the restored twin differs after {command:?}"));
            }
        }
        let Ok(events) = done else { continue };
        watcher.look(&world, &events)?;
    }
    Ok(watcher)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_composed_holds_the_laws(
        config in any_design(),
        acts in prop::collection::vec(any_act(), 20..90),
        restore_at in 0..90usize,
    ) {
        prop_assert_eq!(config.check(), Ok(()));
        if let Err(broken) = run(&config, &acts, restore_at) {
            return Err(TestCaseError::fail(broken));
        }
    }
}

/// Laws say nothing about what never happens.
#[test]
fn the_histories_reach_every_stage_and_every_bearer() {
    let acts = prop::collection::vec(any_act(), 60..90);
    let both = (any_design(), acts);
    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..150 {
        let (config, acts) = both.new_tree(&mut runner).unwrap().current();
        let watcher = run(&config, &acts, usize::MAX).unwrap();
        for (name, count) in watcher.seen {
            *seen.entry(name).or_default() += count;
        }
    }
    let wanted = [
        "Acquirer",
        "Reduced",
        "Partner",
        "Book",
        "Bidder",
        "Counterparty",
        "Vault",
        "acquire",
        "reduce",
        "hand-off",
        "close-on-book",
        "hedge",
        "auction",
        "deleverage",
        "confiscate",
        "force-close",
        "close-next-version",
        "reward",
        "socialise",
        "unpaid",
        "recovered",
        "liquidated",
        "bankrupt",
        "blocked: NoCounterparty",
        "insurance fund's payment",
        "shortfall resolved",
        "socialised loss",
        "liquidation fee",
    ];
    let missing = wanted.iter().filter(|name| !seen.contains_key(**name));
    let missing: Vec<_> = missing.collect();
    assert!(
        missing.is_empty(),
        "never happened: {missing:?} of {seen:#?}"
    );
}
