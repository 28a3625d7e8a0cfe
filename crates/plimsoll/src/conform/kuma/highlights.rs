//! Highlights: a few numbers each, in whole units, with what follows from them in words.
//!
//! Which numbers are given says what is asked. What follows is computed with the engine's own
//! arithmetic, put into the same words and compared word by word; numbers among the words are
//! compared as numbers. Two kinds are prose alone and have no verdict: one that names a recorded
//! test in place of its balances, one that describes orders. Both restate scenarios.

use plimsoll_engine::margin::cross::{
    Limits, Lot, ONE, PipError, Totals, bankruptcy_quote, entry_quote, exit_quote,
    funding_multiplier, funding_payment, index_quote, initial_fraction, mul_frac, within_a_pip,
};
use plimsoll_engine::venues::kuma::Revert;
use plimsoll_units::Fixed;
use serde_json::Value;

use super::super::compare::{Mismatch, expect, scalar};
use super::fields::{Fields, pips};
use super::{Check, unknown};

/// Checks one highlight; nothing for one that is prose alone.
pub(super) fn check(row: &Value, all: &[Value]) -> Option<Check> {
    let prose = |input: &Value| {
        ["test", "IF order"]
            .iter()
            .any(|name| input.get(name).is_some())
    };
    let is_prose = row.get("input").is_some_and(prose);
    (!is_prose).then(|| compute(row, all))
}

fn compute(row: &Value, all: &[Value]) -> Check {
    let row = Fields::new(row)?;
    row.provenance(&["id", "what", "source"]);
    let input = row.fields("input")?;
    let expected = row.fields("expected")?;
    let wallet = match input.get("as") {
        Some(_) => {
            let id = input.text("as")?;
            let other = all
                .iter()
                .find(|row| row.get("id").and_then(Value::as_str) == Some(&id));
            let other = other.and_then(|row| row.get("input"));
            let other = other.ok_or_else(|| Mismatch::unusable(format!("there is no {id:?}")))?;
            Wallet::read(&Fields::new(other)?)?
        }
        None => Wallet::read(&input)?,
    };
    let supplied = match &wallet {
        Some(wallet) => wallet.supplied(&input, &expected)?,
        None => Vec::new(),
    };
    for name in expected.names() {
        let actual = match &wallet {
            Some(wallet) => wallet.says(name, &supplied)?,
            None => of_one_position(name, &input)?,
        };
        same_words(name, expected.value(name)?, &actual)?;
    }
    row.all_answered()?;
    input.all_answered().map_err(|m| m.within("input"))
}

fn refused(why: PipError) -> Mismatch {
    Mismatch::refused("computing it", why)
}

/// Pips as decimal text.
fn units(pips: impl Into<i128>) -> String {
    Fixed::<8>::from_raw(pips.into()).to_string()
}

/// Compares texts word by word, numbers as numbers, brackets and commas left out.
fn same_words(at: &str, expected: &Value, actual: &str) -> Check {
    let shown = match expected.as_array() {
        Some(list) => {
            let texts = list.iter().map(scalar).collect::<Result<Vec<_>, _>>()?;
            texts.join(" ")
        }
        None => scalar(expected)?,
    };
    let words = |text: &str| {
        let words = text.split_whitespace().map(|word| {
            let word = word.trim_matches(['(', ')', ',']);
            let number = word.parse::<Fixed<8>>().map(|number| number.to_string());
            number.unwrap_or_else(|_| word.to_owned())
        });
        words.collect::<Vec<_>>()
    };
    if words(&shown) == words(actual) {
        return Ok(());
    }
    expect(at, shown, actual)
}

struct Held {
    symbol: String,
    size: i64,
    index: Option<u64>,
    maintenance: u64,
}

/// A wallet in one or more markets.
struct Wallet {
    quote: i64,
    held: Vec<Held>,
}

impl Wallet {
    /// The wallet of an input that has a quote balance.
    fn read(input: &Fields<'_>) -> Result<Option<Self>, Mismatch> {
        if input.get("quoteBalance").is_none() {
            return Ok(None);
        }
        let quote = whole(input, "quoteBalance")?;
        if input.get("positions").is_some() {
            let text = input.text("positions")?;
            let held = text.split(';').map(|each| Held::read(each.trim()));
            let held = held.collect::<Result<_, _>>()?;
            return Ok(Some(Self { quote, held }));
        }
        let (symbol, size) = match input.get("position") {
            Some(_) => symbol_and_size(&input.text("position")?)?,
            None => (String::new(), whole(input, "size")?),
        };
        let held = Held {
            symbol,
            size,
            index: input
                .get("index")
                .map(|_| whole(input, "index"))
                .transpose()?,
            // Where it is not given, nothing that is asked depends on it.
            maintenance: input.get("mmf").map_or(Ok(ONE), |_| whole(input, "mmf"))?,
        };
        let held = vec![held];
        Ok(Some(Self { quote, held }))
    }

    fn totals(&self, index: Option<u64>) -> Result<Totals, Mismatch> {
        let mut totals = Totals::of_quote(self.quote);
        for held in &self.held {
            let price = held.price(index)?;
            totals = totals
                .with(held.size, price, held.maintenance)
                .map_err(refused)?;
        }
        Ok(totals)
    }

    /// The bankruptcy quote of every position.
    fn quotes(&self) -> Result<Vec<u64>, Mismatch> {
        let totals = self.totals(None)?;
        let quotes = self.held.iter().map(|held| {
            let price = held.price(None)?;
            bankruptcy_quote(price, held.maintenance, held.size, &totals).map_err(refused)
        });
        quotes.collect()
    }

    /// The quotes it is liquidated at: the one given, those of the expectation, or exact ones.
    fn supplied(&self, input: &Fields<'_>, expected: &Fields<'_>) -> Result<Vec<u64>, Mismatch> {
        if input.get("quote").is_some() {
            return Ok(vec![whole(input, "quote")?]);
        }
        if expected.get("bankruptcyQuotes").is_none() {
            let known = self.held.iter().all(|held| held.index.is_some());
            return if known { self.quotes() } else { Ok(Vec::new()) };
        }
        let quotes = expected.list("bankruptcyQuotes")?.iter();
        quotes
            .map(|quote| as_units("bankruptcyQuotes", &scalar(quote)?))
            .collect()
    }

    /// What is left in it after all positions went at these quotes.
    fn left(&self, quotes: &[u64]) -> i128 {
        let sold = self.held.iter().zip(quotes);
        let paid = sold.map(|(held, quote)| i128::from(*quote) * i128::from(held.size.signum()));
        i128::from(self.quote) + paid.sum::<i128>()
    }

    /// What follows under a name when its positions go at the quotes supplied.
    fn says(&self, name: &str, supplied: &[u64]) -> Result<String, Mismatch> {
        if let Some(index) = name.strip_prefix("index ") {
            let index = as_units("index", index)?;
            return self.verdict(&self.totals(Some(index))?);
        }
        let totals = self.totals(None)?;
        let quotes = self.quotes()?;
        let mut pairs = quotes.iter().zip(supplied);
        let accepted = pairs.all(|(exact, quote)| within_a_pip(*exact, *quote));
        let first = self.held.first().zip(supplied.first());
        let (held, quote) = first.ok_or_else(|| Mismatch::unusable("there is no position"))?;
        let cost = i128::from(*quote) * i128::from(held.size.signum());
        Ok(match name {
            "accountValue" => units(totals.value_pips().map_err(refused)?),
            "maintenanceMarginRequirement" | "mmr" => {
                units(totals.requirement_pips().map_err(refused)?)
            }
            "bankruptcyQuote" | "quote" => units(*quote),
            "bankruptcyQuotes" => {
                // Within a pip of the formula is what the contracts call right.
                let quotes = if accepted { supplied } else { &quotes[..] };
                let quotes = quotes.iter().map(|quote| units(*quote));
                quotes.collect::<Vec<_>>().join(" ")
            }
            "insuranceFundQuoteChange" => units(-cost),
            "insuranceFundCostBasis" => units(cost),
            "insuranceFundPosition" => {
                let (symbol, size) = (&held.symbol, units(held.size));
                format!("{symbol} {size}, costBasis {}", units(cost))
            }
            "walletAfter" => match self.left(supplied) {
                0 => "all zero".to_owned(),
                left => units(left),
            },
            "sweep" if self.left(supplied) < -1 => {
                format!(
                    "{} (wallet deficit) charged to IF",
                    units(self.left(supplied))
                )
            }
            "sweep" => format!("{} moved to IF", units(self.left(supplied))),
            "result" if accepted => "accepted".to_owned(),
            "result" => format!("revert {}", Revert::InvalidQuoteQuantity),
            _ => return Err(unknown(name)),
        })
    }

    fn verdict(&self, totals: &Totals) -> Result<String, Mismatch> {
        let value = units(totals.value_pips().map_err(refused)?);
        let needs = units(totals.requirement_pips().map_err(refused)?);
        Ok(if totals.is_liquidatable().map_err(refused)? {
            format!("liquidatable (AV {value} < MMR {needs})")
        } else {
            format!(
                "refused: {} (AV {value} >= MMR {needs})",
                Revert::MaintenanceMet
            )
        })
    }
}

impl Held {
    /// `ETH -100 @ index 1 mmf 0.01`.
    fn read(text: &str) -> Result<Self, Mismatch> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [symbol, size, "@", "index", index, "mmf", maintenance] = words[..] else {
            return Err(Mismatch::unusable(format!("{text:?} is no position")));
        };
        Ok(Self {
            symbol: symbol.to_owned(),
            size: as_units("size", size)?,
            index: Some(as_units("index", index)?),
            maintenance: as_units("mmf", maintenance)?,
        })
    }

    fn price(&self, given: Option<u64>) -> Result<u64, Mismatch> {
        given
            .or(self.index)
            .ok_or_else(|| Mismatch::unusable("there is no index price"))
    }
}

/// Whole units, with or without a point.
fn as_units<T: TryFrom<i128>>(name: &str, text: &str) -> Result<T, Mismatch> {
    let text = if text.contains('.') {
        text.to_owned()
    } else {
        format!("{text}.0")
    };
    pips(name, &text.into())
}

fn whole<T: TryFrom<i128>>(input: &Fields<'_>, name: &str) -> Result<T, Mismatch> {
    as_units(name, &input.text(name)?)
}

/// `ETH -10.00000000`, or a size alone.
fn symbol_and_size(text: &str) -> Result<(String, i64), Mismatch> {
    let (symbol, size) = text.split_once(' ').unwrap_or(("", text));
    Ok((symbol.to_owned(), as_units("position", size)?))
}

/// What follows for one position, or a part of it.
fn of_one_position(name: &str, input: &Fields<'_>) -> Result<String, Mismatch> {
    let has = |name: &str| input.get(name).is_some();
    let number = |name: &str| whole::<i64>(input, name);
    let price = |name: &str| whole::<u64>(input, name);
    let at_index = || {
        let (size, index) = (number("size")?, price("index")?);
        index_quote(size, index).map_err(refused)
    };
    Ok(match name {
        "quote" if has("base") => {
            let entry = Lot {
                size: number("IF size")?,
                cost_basis: number("IF costBasis")?,
            };
            units(entry_quote(entry, price("base")?).map_err(refused)?)
        }
        "quote" => {
            let (cost, size) = (number("costBasis")?, number("size")?);
            units(exit_quote(cost, price("index")?, size).map_err(refused)?)
        }
        "imfEffective" => {
            let limits = Limits {
                initial_margin_fraction: price("imf")?,
                maintenance_margin_fraction: 0,
                incremental_initial_margin_fraction: price("inc")?,
                baseline_position_size: price("baseline")?,
                incremental_position_size: price("step")?,
                maximum_position_size: u64::MAX,
                minimum_position_size: 0,
            };
            units(initial_fraction(&limits, number("size")?).map_err(refused)?)
        }
        "walletQuoteChange" => {
            let (size, fee) = (number("size")?, i128::from(price("fee")?));
            let quote = if has("quote") {
                price("quote")?
            } else {
                at_index()?
            };
            if !within_a_pip(at_index()?, quote) {
                return Ok(format!("revert {}", Revert::InvalidQuoteQuantity));
            }
            units(i128::from(quote) * i128::from(size.signum()) - fee)
        }
        "feeWallet" => units(price("fee")?),
        "multiplier" => units(multiplier(input)?),
        "payment" => {
            let (_, size) = symbol_and_size(&input.text("position")?)?;
            units(funding_payment(size, &[multiplier(input)?]).map_err(refused)?)
        }
        "max accepted" | "refused" => {
            let expected = at_index()?;
            let tolerance = mul_frac(price("toleranceMultiplier")?, expected, ONE);
            let most = i128::from(expected) + i128::from(tolerance.map_err(refused)?);
            units(most + i128::from(name == "refused"))
        }
        _ => return Err(unknown(name)),
    })
}

fn multiplier(input: &Fields<'_>) -> Result<i64, Mismatch> {
    funding_multiplier(whole(input, "index")?, whole(input, "rate")?).map_err(refused)
}
