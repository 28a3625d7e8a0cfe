//! A commented scenario to begin with, for the venues somebody wants.
//!
//! The texts are files beside the bundled scenarios; every one that comes out passes
//! [`diagnose`](super::diagnose::diagnose), and each venue has what its preset needs and nothing
//! that does not belong to it.

use super::Preset;

const PRICES: &str = include_str!("../../assets/starter/head.toml");
const POOL: &str = include_str!("../../assets/starter/pool.toml");
const OPTIONS: &str = include_str!("../../assets/starter/options.toml");
const TSUNAMIX: &str = include_str!("../../assets/starter/tsunamix.toml");
const PERENNIAL: &str = include_str!("../../assets/starter/perennial.toml");
const GAMMASWAP: &str = include_str!("../../assets/starter/gammaswap.toml");
const KUMA: &str = include_str!("../../assets/starter/kuma.toml");
const KYAN: &str = include_str!("../../assets/starter/kyan.toml");

/// The presets there is a beginning for, with what the file begins with and the venue's text.
const VENUES: [(Preset, &str, &str); 9] = [
    (Preset::Tsunamix, PRICES, TSUNAMIX),
    (Preset::Perennial, PRICES, PERENNIAL),
    (Preset::PerennialPlus, PRICES, PERENNIAL),
    (Preset::Gammaswap, POOL, GAMMASWAP),
    (Preset::GammaswapV12, POOL, GAMMASWAP),
    (Preset::Kuma, PRICES, KUMA),
    (Preset::KumaPlus, PRICES, KUMA),
    (Preset::Kyan, OPTIONS, KYAN),
    (Preset::KyanDerive, OPTIONS, KYAN),
];

/// The names of the presets there is a beginning for.
pub fn starters() -> impl Iterator<Item = &'static str> {
    VENUES.iter().map(|(preset, ..)| preset.name())
}

/// A scenario with one venue of each of these presets.
///
/// # Errors
/// What does not go together, or is no preset, in a sentence.
pub fn starter(presets: &[&str]) -> Result<String, String> {
    let mut text = String::new();
    let mut begun: Option<&str> = None;
    for (at, name) in presets.iter().enumerate() {
        let found = VENUES.iter().find(|(preset, ..)| preset.name() == *name);
        let Some((preset, head, venue)) = found else {
            let known: Vec<&str> = starters().collect();
            return Err(format!(
                "there is no preset {name:?}; there are {}",
                known.join(", ")
            ));
        };
        if presets[..at].contains(name) {
            return Err(format!("{name} is asked for twice"));
        }
        if begun.is_some_and(|begun| begun != *head) {
            return Err(
                "venues of perpetuals run through prices, GammaSwap through a pool's history, \
                 Kyan through an index and its options: they need a scenario each"
                    .to_owned(),
            );
        }
        if begun.is_none() {
            text.push_str(head);
            begun = Some(head);
        }
        let auction = match preset {
            Preset::KyanDerive => "portfolio-auction",
            _ => "auction",
        };
        text.push('\n');
        text.push_str(
            &venue
                .replace("PRESET", preset.name())
                .replace("AUCTION", auction),
        );
    }
    Ok(text)
}
