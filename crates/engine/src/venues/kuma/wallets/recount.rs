//! Wallets read from a snapshot: what is derived is found anew, and everything is recounted.

use plimsoll_units::AccountId;

use super::Wallets;
use crate::venues::kuma::config::parameter;
use crate::venues::kuma::refusal::Refusal;

impl Wallets {
    /// Finds every market's holders anew, after a snapshot was read. Refuses lists that are not
    /// lists before anybody walks them.
    pub(in crate::venues::kuma) fn rebuild(&mut self) -> Result<(), Refusal> {
        self.holders = vec![Vec::new(); self.ranks.len()];
        for at in 0..self.positions.len() {
            if let Some(slot) = u32::try_from(at)
                .ok()
                .filter(|s| self.position(*s).is_some())
            {
                self.list(slot);
            }
        }
        let sound = self.audit().is_ok();
        let slots = i128::try_from(self.slots()).unwrap_or(i128::MAX);
        let name = "the number of slots, whose lists are damaged,";
        sound.then_some(()).ok_or(parameter(name, slots))
    }

    /// Whether these are the ranks the lists are ordered by.
    pub(in crate::venues::kuma) fn ranks_are(&self, ranks: impl Iterator<Item = u8>) -> bool {
        self.ranks.iter().copied().eq(ranks)
    }

    /// Recounts the lists, the free slots and the holders.
    pub(in crate::venues::kuma) fn audit(&self) -> Result<(), String> {
        let mut used = 0usize;
        for account in (0..self.wallets.len()).filter_map(|at| u32::try_from(at).ok()) {
            let mut last = None;
            for (slot, position) in self.of(AccountId(account)) {
                let known = position.market().index() < self.ranks.len();
                let rank = Some(self.rank(position.market()));
                let owned = position.size() != 0 && position.owner() == AccountId(account);
                // Ranks that only rise end every list, however it is linked.
                if !known || !owned || last >= rank {
                    return Err(format!("slot {slot} does not belong in its list"));
                }
                last = rank;
                used = used.saturating_add(1);
            }
        }
        let occupied = self.positions.iter().filter(|p| p.size() != 0).count();
        let listed = self.holders.iter().map(Vec::len).sum::<usize>();
        let slots = used.saturating_add(self.free.len());
        if occupied != used || listed != used || slots != self.positions.len() {
            let free = self.free.len();
            let slots = self.positions.len();
            return Err(format!(
                "{slots} slots: {occupied} in use, {used} in wallets, {listed} among holders, \
                 {free} free"
            ));
        }
        let lost = self.free.iter().find(|s| self.position(**s).is_some());
        lost.map_or(Ok(()), |slot| {
            Err(format!("slot {slot} is free and in use"))
        })
    }
}
