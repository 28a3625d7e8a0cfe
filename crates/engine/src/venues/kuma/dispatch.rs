//! Which function a command is.

use super::money::Outgoing;
use super::{Command, Kuma};
use crate::{Rejection, Tx};

impl Kuma {
    pub(super) fn dispatch(&mut self, tx: &mut Tx<'_>, command: &Command) -> Result<(), Rejection> {
        match *command {
            Command::Deposit { account, tokens } => self.deposit(tx, account, tokens),
            Command::ApplyDeposit { account, quantity } => {
                self.apply_deposit(tx, account, quantity)
            }
            Command::Withdraw {
                account,
                gross,
                gas_fee,
                maximum_gas_fee,
                signed,
            } => {
                self.check_gate(tx.now, account)?;
                let out = Outgoing {
                    account,
                    gross,
                    gas_fee,
                    signed,
                };
                self.withdraw(tx, &out, maximum_gas_fee)
            }
            Command::Transfer {
                from,
                to,
                gross,
                gas_fee,
                signed,
            } => {
                let out = Outgoing {
                    account: from,
                    gross,
                    gas_fee,
                    signed,
                };
                self.transfer(tx, &out, to)
            }
            Command::PublishIndexPrices(ref prices) => {
                self.publish_index_prices(tx.now, prices)?;
                self.fire_index(tx, prices);
                Ok(())
            }
            Command::PublishFunding { market, rate } => self.publish_funding(tx, market, rate),
            Command::ApplyFunding { account, market } => self.apply_funding_in(tx, account, market),
            Command::ExecuteTrade(ref signed) => self.execute_trade(tx, signed),
            Command::Trade {
                buyer,
                seller,
                ref trade,
            } => self.trade(tx, (buyer, seller), trade),
            Command::LiquidateInMaintenance(ref what) => self.liquidate_in_maintenance(tx, what),
            Command::LiquidateDuringSystemRecovery(ref what) => {
                self.liquidate_during_recovery(tx, what)
            }
            Command::LiquidateExit(ref what) => self.liquidate_exit(tx, what),
            Command::LiquidateBelowMinimum {
                account,
                market,
                quote,
            } => self.liquidate_below_minimum(tx, account, market, quote),
            Command::LiquidateInDeactivatedMarket {
                account,
                market,
                quote,
                fee,
            } => self.liquidate_in_deactivated_market(tx, (account, market), (quote, fee)),
            Command::DeleverageInMaintenance(ref what) => self.deleverage_in_maintenance(tx, what),
            Command::DeleverageInsuranceFund(ref what) => self.deleverage_insurance_fund(tx, what),
            Command::DeleverageExit(ref what) => self.deleverage_exit(tx, what),
            Command::DeleverageExitFund(ref what) => self.deleverage_exit_fund(tx, what),
            Command::ExitWallet(account) => self.exit_wallet(tx, account),
            Command::ClearExit(account) => self.clear_exit(tx, account),
            Command::WithdrawExit {
                account,
                ref oracle,
            } => self.withdraw_exit(tx, account, oracle),
            Command::WithdrawExitAdmin {
                account,
                ref oracle,
            } => self.withdraw_exit_admin(tx, account, oracle),
            Command::ActivateMarket(market) => self.activate_market(tx, market),
            Command::DeactivateMarket(market) => self.deactivate_market(tx, market),
            Command::SetLimits {
                market,
                account,
                limits,
            } => self.set_limits(tx, market, account, limits),
            Command::UnsetLimits { market, account } => self.unset_limits(tx, market, account),
            Command::SetLeverage {
                account,
                market,
                fraction,
            } => self.set_leverage(account, market, fraction),
            Command::RegisterWallet { account, address } => {
                self.register_wallet(tx, account, address)
            }
            Command::AuthoriseKey {
                account,
                key,
                nonce,
                signer,
            } => self.authorise_key(tx, account, (key, signer), nonce),
            Command::InvalidateNonce { account, nonce } => {
                self.invalidate_nonce(tx, account, nonce)
            }
            Command::SetBelowMinimumTolerance(value) => self.set_below_minimum_tolerance(value),
            Command::SetPropagation(value) => self.set_propagation(value),
            Command::SetKeyExpiry(value) => self.set_key_expiry(value),
            Command::SetIndexGuards(guards) => {
                self.set_guards(guards);
                Ok(())
            }
            Command::AddMarket(ref params) => self.add_market(tx, params),
            Command::PlaceOrder { ref order, group } => self.place_order(tx, order, group),
            Command::CancelOrder { account, order } => self.cancel_order(tx, account, order),
            Command::CancelOrders { account, market } => self.cancel_orders(tx, account, market),
            Command::ReplaceOrder { order, ref new } => self.replace_order(tx, order, new),
            Command::Service(ref command) => self.service_command(tx, command),
        }
    }
}
