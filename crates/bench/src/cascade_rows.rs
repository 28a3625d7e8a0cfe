//! The rows of a cascade of cross-margin wallets in the table.

use plimsoll_bench::cascade_kuma::{Behind, Done, Gap};

use crate::{Rows, count, middle, rate, time};

/// Half of `wallets` liquidated by one update, with partners and with nobody.
pub(super) fn cascade(rows: &mut Rows, wallets: u32, repeats: usize) {
    eprintln!("cascade: {wallets} cross-margin wallets");
    let label = count(wallets.into());
    rows.heading(&format!(
        "a gap of 7.5 % on {label} cross-margin wallets of one market"
    ));
    for behind in [Behind::Partners, Behind::Nobody] {
        let gap = Gap::build(wallets, behind);
        let done = middle(repeats, || gap.run(), |done: &Done| done.total);
        let wallets = count(done.liquidated.into());
        let way = match behind {
            Behind::Partners => format!(
                "{wallets} acquired, handed off in {} lots to two partners",
                count(done.handed_off.into())
            ),
            Behind::Nobody => format!(
                "{wallets} deleveraged against {}",
                count(done.deleveraged.into())
            ),
        };
        let each = format!(
            "{} a wallet, {} events",
            time(done.per_wallet()),
            count(done.events as u64)
        );
        let all = rate(done.liquidated.into(), done.total);
        rows.row(&format!("{way}, per second"), all, "", &each, "");
    }
}
