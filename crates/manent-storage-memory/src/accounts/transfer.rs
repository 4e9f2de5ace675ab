//! Moving accounts.

use manent_accounts::transfer::AccountRecord;
use manent_domain::transfer::{RecordKind, TransferRecord};

use super::AccountState;

impl AccountState {
    /// All records of a kind, in no particular order.
    pub(crate) fn records(&self, kind: RecordKind) -> Vec<TransferRecord> {
        let accounts = self.accounts.values().cloned();
        let standings = self.standings.iter();
        let reservations = self.reservations.iter();
        let rows: Vec<AccountRecord> = match kind {
            RecordKind::Account => accounts
                .map(|account| AccountRecord::Account(Box::new(account)))
                .collect(),
            RecordKind::Role => self
                .roles
                .values()
                .cloned()
                .map(AccountRecord::Role)
                .collect(),
            RecordKind::OneTimeLink => self
                .links
                .iter()
                .cloned()
                .map(AccountRecord::Link)
                .collect(),
            RecordKind::ApiKey => {
                let keys = self.api_keys.values().cloned();
                keys.map(AccountRecord::ApiKey).collect()
            }
            RecordKind::ProviderKey => {
                let keys = self.provider_keys.values().cloned();
                keys.map(AccountRecord::ProviderKey).collect()
            }
            RecordKind::Audit => self
                .audit
                .iter()
                .cloned()
                .map(AccountRecord::Audit)
                .collect(),
            RecordKind::Budget => standings
                .map(|((owner, period), standing)| AccountRecord::Standing {
                    owner: *owner,
                    period: *period,
                    standing: *standing,
                })
                .collect(),
            RecordKind::Reservation => reservations
                .map(|((owner, _), reservation)| AccountRecord::Reservation {
                    owner: *owner,
                    reservation: *reservation,
                })
                .collect(),
            _ => Vec::new(),
        };
        rows.iter().map(AccountRecord::record).collect()
    }

    /// Writes rows in place of those that have their keys; entries of the audit log that are there stay.
    pub(crate) fn import(&mut self, rows: Vec<AccountRecord>) {
        for row in rows {
            match row {
                AccountRecord::Account(account) => {
                    self.accounts.insert(account.id, *account);
                }
                AccountRecord::Role(role) => {
                    self.roles.insert(role.name.clone(), role);
                }
                AccountRecord::Link(link) => self.put_link(link),
                AccountRecord::ApiKey(key) => {
                    self.api_keys.insert(key.id, key);
                }
                AccountRecord::ProviderKey(key) => {
                    let place = (key.owner, key.endpoint.clone());
                    self.provider_keys.insert(place, key);
                }
                AccountRecord::Audit(entry) => {
                    if entry.number > self.head().number {
                        self.audit.push(entry);
                    }
                }
                AccountRecord::Standing {
                    owner,
                    period,
                    standing,
                } => {
                    self.standings.insert((owner, period), standing);
                }
                AccountRecord::Reservation { owner, reservation } => {
                    self.reservations
                        .insert((owner, reservation.id), reservation);
                }
            }
        }
    }
}
