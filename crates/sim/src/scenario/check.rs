//! Whether a scenario makes sense as a whole: what belongs to which venue, and what it needs.
//!
//! The sections check their own numbers; here is what one section says of another.

use super::stress::STRESSES_MAX;
use super::{ExecutionMode, Hop, MARKETS_MAX, PARTNERS_MAX, Preset, Scenario, VENUES_MAX, Venue};

impl Venue {
    fn check_no_kuma(&self) -> Result<(), String> {
        if self.kuma.is_some() || self.book.is_some() || !self.partners.is_empty() {
            return Err("`kuma`, `book` and `partners` do not belong to this venue".to_owned());
        }
        if self.population.like.is_some() || self.population.like_files.is_some() {
            return Err("population.like belongs to kuma venues".to_owned());
        }
        Ok(())
    }
}

impl Scenario {
    /// The first thing that makes no sense, if any.
    pub(super) fn first_nonsense(&self) -> Result<(), String> {
        if self.markets.is_empty() {
            return Err("there is no [[markets]] entry".to_owned());
        }
        if self.markets.len() > MARKETS_MAX {
            return Err(format!(
                "{} markets are more than {MARKETS_MAX}",
                self.markets.len()
            ));
        }
        if self.venues.is_empty() && self.designs.is_empty() {
            return Err("there is no [[venues]] entry, and no `designs` to compare".to_owned());
        }
        self.check_comparison()?;
        if self.venues.len() > VENUES_MAX {
            return Err(format!(
                "{} venues are more than {VENUES_MAX}",
                self.venues.len()
            ));
        }
        if self.prices.source.is_empty() {
            return Err("prices.source is empty".to_owned());
        }
        for (at, market) in self.markets.iter().enumerate() {
            if market.symbol.is_empty() {
                return Err("a market has no symbol".to_owned());
            }
            if self.markets[..at].contains(market) {
                return Err(format!("market {} is listed twice", market.symbol));
            }
        }
        if self.stress.len() > STRESSES_MAX {
            let count = self.stress.len();
            return Err(format!("{count} stresses are more than {STRESSES_MAX}"));
        }
        for (number, stress) in (1..).zip(&self.stress) {
            stress
                .check(&self.markets, &self.prices)
                .map_err(|why| format!("stress {number}: {why}"))?;
        }
        if let Some(pool) = &self.pool {
            let [market] = self.markets.as_slice() else {
                return Err("a [pool] goes with exactly one [[markets]] entry".to_owned());
            };
            pool.check(&market.symbol)?;
        }
        match &self.options {
            Some(options) if self.people.is_some() => options.check()?,
            Some(options) if self.venues.iter().any(|v| v.preset.is_kyan()) => options.check()?,
            Some(_) => return Err("[options] belong to kyan venues".to_owned()),
            None => {}
        }
        for (at, venue) in self.venues.iter().enumerate() {
            if self.venues[..at].iter().any(|v| v.name == venue.name) {
                return Err(format!("two venues are called {:?}", venue.name));
            }
            self.check_venue(venue)
                .map_err(|why| format!("venue {:?}: {why}", venue.name))?;
        }
        Ok(())
    }

    /// What a comparison has beside prices and markets; the designs make venues of it.
    fn check_comparison(&self) -> Result<(), String> {
        if let Some(people) = &self.people {
            people.check(&self.markets)?;
        }
        if let Some(street) = &self.street {
            street.check()?;
        }
        if self.designs.is_empty() {
            return Ok(());
        }
        if !self.venues.is_empty() {
            return Err("use either `designs` or [[venues]]".to_owned());
        }
        if self.pool.is_some() {
            return Err("a comparison's pool follows its prices: leave out [pool]".to_owned());
        }
        if self.people.is_none() || self.street.is_none() {
            return Err("a comparison needs [people] and [street]".to_owned());
        }
        if self.designs.len() > VENUES_MAX {
            return Err(format!(
                "{} designs are more than {VENUES_MAX}",
                self.designs.len()
            ));
        }
        for (at, design) in self.designs.iter().enumerate() {
            if self.designs[..at].contains(design) {
                return Err(format!("the design {design:?} is named twice"));
            }
        }
        Ok(())
    }

    fn check_venue(&self, venue: &Venue) -> Result<(), String> {
        match venue.preset {
            Preset::Gammaswap | Preset::GammaswapV12 => self.check_lending(venue)?,
            Preset::Kuma | Preset::KumaPlus => self.check_cross_margin(venue)?,
            Preset::Kyan | Preset::KyanDerive => self.check_portfolios(venue)?,
            Preset::Composed => self.check_composed(venue)?,
            _ => self.check_perpetual(venue)?,
        }
        if !venue.preset.is_kuma() && venue.preset != Preset::Composed {
            venue.check_no_kuma()?;
        }
        if venue.preset != Preset::Composed && venue.design.is_some() {
            return Err("`design` does not belong to this venue".to_owned());
        }
        if !venue.preset.is_kyan() && venue.kyan.is_some() {
            return Err("`kyan` does not belong to this venue".to_owned());
        }
        if venue.execution == ExecutionMode::Keepers
            && venue.liquidators.is_empty()
            && !venue.preset.is_kuma()
            && !venue.preset.is_kyan()
            && venue.preset != Preset::Composed
        {
            return Err(
                "with execution = \"keepers\" add at least one [[venues.liquidators]]".to_owned(),
            );
        }
        if let Some(parameters) = &venue.tsunamix {
            parameters.check()?;
        }
        if let Some(parameters) = &venue.perennial {
            parameters.check()?;
        }
        // The people of a comparison are not the venue's own.
        if self.people.is_none() {
            venue.population.check(&self.markets)?;
        }
        for provider in &venue.liquidity {
            provider.check()?;
        }
        if let Some(makers) = &venue.makers {
            makers.check()?;
        }
        for liquidators in &venue.liquidators {
            liquidators.check()?;
        }
        if let Some(top_ups) = &venue.top_ups {
            top_ups.check()?;
        }
        Ok(())
    }

    fn check_perpetual(&self, venue: &Venue) -> Result<(), String> {
        if self.pool.is_some() {
            return Err("only GammaSwap venues go with a [pool]".to_owned());
        }
        if venue.gammaswap.is_some() || venue.borrowers.is_some() {
            return Err("`gammaswap` and `borrowers` do not belong to this venue".to_owned());
        }
        if venue.liquidators.iter().any(|l| l.loans.is_some()) {
            return Err("a liquidator's `loans` do not belong to this venue".to_owned());
        }
        let tsunamix = venue.preset == Preset::Tsunamix;
        if tsunamix && (venue.perennial.is_some() || venue.makers.is_some()) {
            return Err("`perennial` and `makers` do not belong to a tsunamix venue".to_owned());
        }
        if !tsunamix && (venue.tsunamix.is_some() || !venue.liquidity.is_empty()) {
            return Err("`tsunamix` and `liquidity` do not belong to a perennial venue".to_owned());
        }
        if tsunamix && venue.liquidity.is_empty() {
            return Err("a vault needs at least one [[venues.liquidity]]".to_owned());
        }
        if !tsunamix && venue.makers.is_none() {
            return Err("takers need a counterparty: add [venues.makers]".to_owned());
        }
        Ok(())
    }

    fn check_lending(&self, venue: &Venue) -> Result<(), String> {
        if self.pool.is_none() && self.people.is_none() {
            return Err("a GammaSwap venue needs a [pool]".to_owned());
        }
        if venue.tsunamix.is_some() || venue.perennial.is_some() || venue.makers.is_some() {
            return Err(
                "`tsunamix`, `perennial` and `makers` do not belong to a GammaSwap venue"
                    .to_owned(),
            );
        }
        if venue.liquidity.is_empty() {
            return Err("loans need lenders: add at least one [[venues.liquidity]]".to_owned());
        }
        if let Some(parameters) = &venue.gammaswap {
            parameters.check()?;
        }
        if let Some(borrowers) = &venue.borrowers {
            borrowers.check()?;
        }
        for liquidators in &venue.liquidators {
            let name = &liquidators.name;
            let Some(loans) = &liquidators.loans else {
                return Err(format!(
                    "liquidators {name:?} need `loans = {{ capital = ... }}` to pay debts with"
                ));
            };
            loans
                .check()
                .map_err(|why| format!("liquidators {name:?}: {why}"))?;
        }
        Ok(())
    }

    /// A Kyan venue's people have books of options; its engine and its bidders liquidate.
    fn check_portfolios(&self, venue: &Venue) -> Result<(), String> {
        if self.pool.is_some() {
            return Err("only GammaSwap venues go with a [pool]".to_owned());
        }
        if self.markets.len() != 1 && self.people.is_none() {
            return Err(
                "a kyan venue goes with exactly one [[markets]] entry, its index".to_owned(),
            );
        }
        let others = venue.tsunamix.is_some()
            || venue.perennial.is_some()
            || venue.gammaswap.is_some()
            || venue.borrowers.is_some()
            || venue.makers.is_some()
            || (venue.top_ups.is_some() && self.people.is_none())
            || !venue.liquidity.is_empty();
        if others {
            return Err(
                "`tsunamix`, `perennial`, `gammaswap`, `borrowers`, `makers`, `top_ups` and \
                 `liquidity` do not belong to a kyan venue"
                    .to_owned(),
            );
        }
        if venue.execution != ExecutionMode::Engine || !venue.liquidators.is_empty() {
            return Err(
                "a kyan venue liquidates by its own engine: set execution = \"engine\" and leave \
                 out `liquidators`; who takes its orders are `kyan.bidders`"
                    .to_owned(),
            );
        }
        super::kyan::check_population(&venue.population)?;
        let parameters = venue.kyan.clone().unwrap_or_default();
        parameters.check(venue.preset == Preset::KyanDerive)
    }

    /// A composed venue is what a comparison makes of a design.
    fn check_composed(&self, venue: &Venue) -> Result<(), String> {
        let others = venue.tsunamix.is_some()
            || venue.perennial.is_some()
            || venue.gammaswap.is_some()
            || venue.borrowers.is_some()
            || venue.makers.is_some()
            || venue.kuma.is_some();
        if others {
            return Err(
                "`tsunamix`, `perennial`, `gammaswap`, `borrowers`, `makers` and `kuma` do not \
                 belong to a composed venue"
                    .to_owned(),
            );
        }
        if venue.execution != ExecutionMode::Engine || !venue.liquidators.is_empty() {
            return Err(
                "a composed venue liquidates by its own engine: set execution = \"engine\" and \
                 leave out `liquidators`"
                    .to_owned(),
            );
        }
        if self.people.is_none() || self.street.is_none() {
            return Err(
                "a composed venue is what a comparison makes of a design: name the design in \
                 `designs`, and give [people] and [street]"
                    .to_owned(),
            );
        }
        let Some(design) = &venue.design else {
            return Err("a composed venue needs its `design`".to_owned());
        };
        design.check()?;
        venue.partners.iter().try_for_each(super::Partner::check)?;
        venue.book.clone().unwrap_or_default().check()
    }

    /// A Kuma venue's people are wallets, makers and partners; its own service liquidates.
    fn check_cross_margin(&self, venue: &Venue) -> Result<(), String> {
        if self.pool.is_some() {
            return Err("only GammaSwap venues go with a [pool]".to_owned());
        }
        let others = venue.tsunamix.is_some()
            || venue.perennial.is_some()
            || venue.gammaswap.is_some()
            || venue.borrowers.is_some();
        if others || venue.makers.is_some() || !venue.liquidity.is_empty() {
            return Err(
                "`tsunamix`, `perennial`, `gammaswap`, `borrowers`, `makers` and `liquidity` do \
                 not belong to a kuma venue"
                    .to_owned(),
            );
        }
        if venue.execution != ExecutionMode::Engine || !venue.liquidators.is_empty() {
            return Err(
                "a kuma venue liquidates by its own service: set execution = \"engine\" and \
                 leave out `liquidators`"
                    .to_owned(),
            );
        }
        let parameters = venue.kuma.clone().unwrap_or_default();
        parameters.check()?;
        if !venue.partners.is_empty() && !parameters.waterfall.contains(&Hop::Partners) {
            return Err("there are partners, but the waterfall has no \"partners\"".to_owned());
        }
        if venue.partners.len() > PARTNERS_MAX {
            return Err(format!(
                "{} partners are more than {PARTNERS_MAX}",
                venue.partners.len()
            ));
        }
        for (at, partner) in venue.partners.iter().enumerate() {
            partner.check()?;
            if venue.partners[..at].iter().any(|p| p.name == partner.name) {
                return Err(format!("two partners are called {:?}", partner.name));
            }
        }
        venue.book.clone().unwrap_or_default().check()
    }
}
