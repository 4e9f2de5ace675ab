//! What goes with an account.

use manent_types::UserId;

use crate::state::State;

/// Removes an owner with everything that the owner has.
pub(super) fn remove_everything(state: &mut State, owner: UserId) {
    state.users.remove(&owner);
    state.conversations.retain(|(whose, _)| *whose != owner);
    state.messages.retain(|stored| stored.owner != owner);
    state.changes.retain(|change| change.owner != owner);
    state.lanes.retain(|(whose, ..), _| *whose != owner);
    state.refusals.retain(|((whose, ..), _), _| *whose != owner);
    state.runs.retain(|stored| stored.owner != owner);
    state.documents.retain(|(whose, ..), _| *whose != owner);
    state.feed.retain(|(whose, _), _| *whose != owner);
    let accounts = &mut state.accounts;
    accounts.accounts.remove(&owner);
    accounts
        .sessions
        .retain(|_, session| session.account != owner);
    accounts.links.retain(|link| link.account() != Some(owner));
    accounts.api_keys.retain(|_, key| key.owner != owner);
    accounts
        .provider_keys
        .retain(|(whose, _), _| *whose != owner);
    accounts.standings.retain(|(whose, _), _| *whose != owner);
    accounts
        .reservations
        .retain(|(whose, _), _| *whose != owner);
}
