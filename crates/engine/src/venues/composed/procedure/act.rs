//! The commands that are about cases: the street's quotes, partners and their offers, bids.

use plimsoll_units::AccountId;

use super::auction::Bid;
use super::state::Note;
use crate::backstop::partners::{Limits, Offer, OfferId};
use crate::venues::composed::{Command, Composed, Refusal, accounts};
use crate::{Rejection, Tx};

impl Composed {
    /// Carries out a command that is about cases; others do nothing here.
    pub(in crate::venues::composed) fn act_on_cases(
        &mut self,
        tx: &mut Tx<'_>,
        command: &Command,
    ) -> Result<(), Rejection> {
        self.cases.noted = None;
        match command {
            Command::Quotes { market, bids, asks } => self.set_quotes(*market, (bids, asks))?,
            Command::Partner { account, limits } => self.set_partner(*account, *limits)?,
            Command::Offer(offer) => self.post_offer(offer)?,
            Command::CancelOffer { partner, offer } => self.cancel_offer(*partner, *offer)?,
            Command::Bid {
                account,
                case,
                market,
                quantity,
            } => {
                let bid = Bid {
                    account: *account,
                    case: *case,
                    market: *market,
                    quantity: *quantity,
                };
                self.bid(tx, &bid)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Becomes a partner, or sets its limits anew.
    fn set_partner(&mut self, account: AccountId, limits: Limits) -> Result<(), Refusal> {
        self.quote_slot(account)?;
        if accounts::is_own(account) {
            return Err(Refusal::OwnAccount(account));
        }
        let old = self.cases.partners.clone();
        if self.cases.partners.is_partner(account) {
            self.cases.partners.set_limits(account, limits)?;
        } else {
            self.cases.partners.register(account, limits)?;
        }
        self.note(Note::Partners(Box::new(old)));
        Ok(())
    }

    fn post_offer(&mut self, offer: &Offer) -> Result<(), Refusal> {
        if self.config.markets.get(offer.market.index()).is_none() {
            return Err(Refusal::UnknownMarket(offer.market));
        }
        self.cases.partners.post(*offer)?;
        self.note(Note::Posted(offer.partner, offer.id));
        Ok(())
    }

    fn cancel_offer(&mut self, partner: AccountId, offer: OfferId) -> Result<(), Refusal> {
        let gone = self.cases.partners.cancel(partner, offer)?;
        self.note(Note::Cancelled(Box::new(gone)));
        Ok(())
    }
}
