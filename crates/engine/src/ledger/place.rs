//! One slot of the books in 32 bytes: whoever looks at a holder waits for one line of the cache,
//! not for one each of its balance, its name and its asset.
//!
//! In bytes the books are three columns, balances, holders and assets, as they always were.

use borsh::io::{Error, ErrorKind, Read, Result, Write};
use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AssetId, MarketId, VenueId};

use super::{Holder, HolderKind};

/// A balance with its holder and asset; the holder is taken apart to pack it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) balance: i128,
    number: u64,
    venue: VenueId,
    market: MarketId,
    kind: HolderKind,
    pub(super) asset: AssetId,
}

const _: () = assert!(size_of::<Place>() == 32);

impl Place {
    /// Nobody's.
    pub(super) const CLOSED: Self = Self::new(Holder::CLOSED, AssetId(0));

    /// An empty place of a holder.
    pub(super) const fn new(holder: Holder, asset: AssetId) -> Self {
        Self {
            balance: 0,
            number: holder.number,
            venue: holder.venue,
            market: holder.market,
            kind: holder.kind,
            asset,
        }
    }

    pub(super) const fn holder(&self) -> Holder {
        Holder {
            number: self.number,
            venue: self.venue,
            market: self.market,
            kind: self.kind,
        }
    }

    pub(super) const fn is_closed(&self) -> bool {
        matches!(self.kind, HolderKind::Closed)
    }
}

/// Writes the three columns.
pub(super) fn write<W: Write>(places: &[Place], to: &mut W) -> Result<()> {
    column(places, |p| p.balance, to)?;
    column(places, Place::holder, to)?;
    column(places, |p| p.asset, to)
}

fn column<T: BorshSerialize, W: Write>(
    places: &[Place],
    of: impl Fn(&Place) -> T,
    to: &mut W,
) -> Result<()> {
    // Slots are numbered in 32 bits, so there are never more.
    let len = u32::try_from(places.len()).map_err(|_| Error::from(ErrorKind::InvalidData))?;
    len.serialize(to)?;
    places.iter().try_for_each(|place| of(place).serialize(to))
}

/// Reads the three columns, which must be equally long.
pub(super) fn read<R: Read>(from: &mut R) -> Result<Vec<Place>> {
    let balances = Vec::<i128>::deserialize_reader(from)?;
    let holders = Vec::<Holder>::deserialize_reader(from)?;
    let kept = Vec::<AssetId>::deserialize_reader(from)?;
    if balances.len() != holders.len() || balances.len() != kept.len() {
        let (balances, holders, kept) = (balances.len(), holders.len(), kept.len());
        let what = format!("{balances} balances of {holders} holders in {kept} assets");
        return Err(Error::new(ErrorKind::InvalidData, what));
    }
    let columns = balances.into_iter().zip(holders.into_iter().zip(kept));
    let places = columns.map(|(balance, (holder, asset))| Place {
        balance,
        ..Place::new(holder, asset)
    });
    Ok(places.collect())
}
