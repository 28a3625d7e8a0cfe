//! The one place where commands are recorded, applied and tallied.

use plimsoll_engine::venues::VenueConfig;
use plimsoll_engine::{Body, Command, Config, Engine, Event, Rejection};
use plimsoll_units::{Timestamp, VenueId};

use super::ReplayError;
use super::desk::Desk;
use super::plan::Plans;
use crate::collect::Collector;

/// Why a command could not be recorded.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SinkError(pub String);

/// Where the commands of a replay are recorded, before they are applied.
pub trait CommandSink {
    /// Records one command.
    ///
    /// # Errors
    /// When it cannot be recorded; the replay stops.
    fn record(&mut self, command: &Command) -> Result<(), SinkError>;

    /// Told after the command was applied, with the engine; may record a checkpoint.
    ///
    /// # Errors
    /// When a checkpoint cannot be recorded; the replay stops.
    fn applied(&mut self, engine: &Engine) -> Result<(), SinkError>;

    /// The replay is over.
    ///
    /// # Errors
    /// When what is left cannot be written.
    fn finish(&mut self, engine: &Engine) -> Result<(), SinkError>;
}

/// Records nothing.
impl CommandSink for () {
    fn record(&mut self, _: &Command) -> Result<(), SinkError> {
        Ok(())
    }

    fn applied(&mut self, _: &Engine) -> Result<(), SinkError> {
        Ok(())
    }

    fn finish(&mut self, _: &Engine) -> Result<(), SinkError> {
        Ok(())
    }
}

pub(crate) struct World<'a> {
    engine: Engine,
    sink: &'a mut dyn CommandSink,
    collectors: Vec<Collector>,
    scratch: Vec<Event>,
}

impl<'a> World<'a> {
    pub(crate) fn new(engine: Engine, sink: &'a mut dyn CommandSink, config: &Config) -> Self {
        let collectors = config
            .venues
            .iter()
            .enumerate()
            .map(|(at, venue)| {
                let id = VenueId(u16::try_from(at).unwrap_or(u16::MAX));
                let decimals = config
                    .assets
                    .get(venue.money().index())
                    .map_or(0, |a| a.decimals);
                let collector = Collector::new(id, decimals, price_decimals(venue));
                match venue {
                    VenueConfig::Kyan(_) => collector.in_steps(),
                    _ => collector,
                }
            })
            .collect();
        Self {
            engine,
            sink,
            collectors,
            scratch: Vec::new(),
        }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) fn collector(&self, venue: VenueId) -> &Collector {
        &self.collectors[venue.index()]
    }

    /// Records and applies one command; true when the engine accepted it.
    pub(crate) fn submit(
        &mut self,
        desk: &mut dyn Desk,
        plans: &mut Plans,
        time: Timestamp,
        body: Body,
    ) -> Result<bool, ReplayError> {
        let command = Command {
            time,
            venue: desk.venue(),
            body,
        };
        self.sink.record(&command)?;
        let collector = &mut self.collectors[desk.venue().index()];
        let accepted = match self.engine.apply(&command) {
            Ok(events) => {
                self.scratch.clear();
                self.scratch.extend_from_slice(events);
                true
            }
            Err(rejection) => {
                collector.refuse(&rejection, &refusal_name(&rejection));
                desk.refused(&command, &rejection, plans);
                false
            }
        };
        if accepted {
            collector.working_on(desk.case_of(&command));
            for event in &self.scratch {
                collector.take(event, time, |case| {
                    (desk.market_of(case), desk.exposure(case))
                });
                desk.notice(event, time, plans);
            }
            desk.done(&command, &self.engine);
        }
        self.sink.applied(&self.engine)?;
        Ok(accepted)
    }

    pub(crate) fn finish(&mut self) -> Result<(), ReplayError> {
        Ok(self.sink.finish(&self.engine)?)
    }

    pub(crate) fn events(&self) -> u64 {
        self.collectors.iter().map(|c| c.events).sum()
    }

    pub(crate) fn movements(&self) -> u64 {
        self.collectors.iter().map(Collector::movements).sum()
    }
}

/// Decimals of a venue's prices.
const fn price_decimals(venue: &VenueConfig) -> u32 {
    match venue {
        // Pips.
        VenueConfig::Kuma(_) | VenueConfig::Kyan(_) | VenueConfig::Composed(_) => 8,
        _ => 18,
    }
}

/// The name under which a refusal is tallied.
fn refusal_name(rejection: &Rejection) -> String {
    match rejection {
        Rejection::Perennial(refusal) => refusal.name().to_owned(),
        Rejection::GammaSwap(refusal) => refusal.name().to_owned(),
        Rejection::Kuma(refusal) => refusal.name().to_owned(),
        Rejection::Kyan(refusal) => refusal.name().to_owned(),
        Rejection::Composed(refusal) => refusal.name().to_owned(),
        // The variant's name, without its numbers.
        other => {
            let text = format!("{other:?}");
            let inner = text
                .split_once('(')
                .map_or(text.as_str(), |(outer, inner)| {
                    if matches!(outer, "TsunamiX" | "Oracle" | "Ledger" | "Arithmetic") {
                        inner
                    } else {
                        outer
                    }
                });
            inner
                .split(|c: char| !c.is_ascii_alphanumeric())
                .next()
                .unwrap_or("refused")
                .to_owned()
        }
    }
}
