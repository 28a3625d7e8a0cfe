//! The parameters of a Perennial venue, for a reader.

use plimsoll_engine::venues::VenueConfig;

use super::PerennialDesk;
use crate::replay::desk::percent;

impl PerennialDesk {
    pub(super) fn parameters(&self) -> Vec<(String, String)> {
        let VenueConfig::Perennial(config) = &self.book.config else {
            return Vec::new();
        };
        let mut rows = vec![
            (
                "Liquidation fee (share of maintenance)".to_owned(),
                percent(config.protocol.liquidation_fee.raw()),
            ),
            (
                "Minimum collateral".to_owned(),
                format!("{} DSU", config.protocol.min_collateral),
            ),
            (
                "Protocol's share of fees".to_owned(),
                percent(config.protocol.protocol_fee.raw()),
            ),
        ];
        if let Some(product) = config.products.first() {
            rows.extend([
                (
                    "Products per market".to_owned(),
                    "2 (pays the price; pays its negative)".to_owned(),
                ),
                ("Maintenance".to_owned(), percent(product.maintenance.raw())),
                (
                    "Margin to open".to_owned(),
                    percent(product.entry_ratio().raw()),
                ),
                ("Taker fee".to_owned(), percent(product.taker_fee.raw())),
                ("Maker fee".to_owned(), percent(product.maker_fee.raw())),
                (
                    "Share of those fees that leaves the product".to_owned(),
                    percent(product.position_fee.raw()),
                ),
                (
                    "Share of funding that is a fee".to_owned(),
                    percent(product.funding_fee.raw()),
                ),
                (
                    "Funding per year at 0 / target / full utilization".to_owned(),
                    format!(
                        "{} / {} at {} / {}",
                        percent(product.curve.min_rate.raw()),
                        percent(product.curve.target_rate.raw()),
                        percent(product.curve.target_utilization.raw()),
                        percent(product.curve.max_rate.raw())
                    ),
                ),
            ]);
        }
        let flags = config.flags;
        for (name, on) in [
            ("close_fee_before_reward", flags.close_fee_before_reward),
            ("margin_above_maintenance", flags.margin_above_maintenance),
            ("reward_at_settlement", flags.reward_at_settlement),
            ("partial_liquidation", flags.partial_liquidation),
        ] {
            rows.push((name.to_owned(), if on { "on" } else { "off" }.to_owned()));
        }
        rows.extend(self.book.people_rows());
        rows
    }
}
