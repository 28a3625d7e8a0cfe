//! A commented scenario to begin with, for the venues somebody wants.
//!
//! The texts are files beside the bundled scenarios; every one that comes out passes
//! [`diagnose`](super::diagnose::diagnose), and each venue has what its preset needs and nothing
//! that does not belong to it.

use super::Preset;

const HEAD: &str = include_str!("../../assets/starter/head.toml");
const POOL: &str = include_str!("../../assets/starter/pool.toml");
const TSUNAMIX: &str = include_str!("../../assets/starter/tsunamix.toml");
const PERENNIAL: &str = include_str!("../../assets/starter/perennial.toml");
const GAMMASWAP: &str = include_str!("../../assets/starter/gammaswap.toml");
const KUMA: &str = include_str!("../../assets/starter/kuma.toml");

/// The presets there is a beginning for, with the text of each.
const VENUES: [(Preset, &str); 7] = [
    (Preset::Tsunamix, TSUNAMIX),
    (Preset::Perennial, PERENNIAL),
    (Preset::PerennialPlus, PERENNIAL),
    (Preset::Gammaswap, GAMMASWAP),
    (Preset::GammaswapV12, GAMMASWAP),
    (Preset::Kuma, KUMA),
    (Preset::KumaPlus, KUMA),
];

/// The names of the presets there is a beginning for.
pub fn starters() -> impl Iterator<Item = &'static str> {
    VENUES.iter().map(|(preset, _)| preset.name())
}

/// A scenario with one venue of each of these presets.
///
/// # Errors
/// What does not go together, or is no preset, in a sentence.
pub fn starter(presets: &[&str]) -> Result<String, String> {
    let mut chosen = Vec::new();
    for name in presets {
        let found = VENUES.iter().find(|(preset, _)| preset.name() == *name);
        let Some((preset, text)) = found else {
            let known: Vec<&str> = starters().collect();
            return Err(format!(
                "there is no preset {name:?}; there are {}",
                known.join(", ")
            ));
        };
        if chosen.iter().any(|(other, _)| other == preset) {
            return Err(format!("{name} is asked for twice"));
        }
        chosen.push((*preset, *text));
    }
    let lending = |preset: &Preset| matches!(preset, Preset::Gammaswap | Preset::GammaswapV12);
    let loans = chosen.iter().filter(|(preset, _)| lending(preset)).count();
    if loans > 0 && loans < chosen.len() {
        return Err(
            "GammaSwap venues run through a pool's history and the others through prices: they \
             need a scenario each"
                .to_owned(),
        );
    }
    let mut text = if loans > 0 { POOL } else { HEAD }.to_owned();
    for (preset, venue) in chosen {
        text.push('\n');
        text.push_str(&venue.replace("PRESET", preset.name()));
    }
    Ok(text)
}
