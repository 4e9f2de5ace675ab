//! The part of the suite about accounts.

pub mod api_keys;
pub mod audit;
pub mod budgets;
pub mod changes;
pub mod creation;
pub mod deletion;
pub mod desk;
pub mod links;
pub mod moving;
pub mod provider_keys;
pub mod refresh;
pub mod roles;
pub mod second_factor;
pub mod server_secret;
pub mod sessions;

use manent_accounts::ports::{
    AccountRepository, ApiKeyRepository, AuditRepository, BudgetRepository, OneTimeLinkRepository,
    ProviderKeyRepository, RoleRepository, SecretRegistry, SessionRepository,
};

use super::FullStore;

/// All ports of a store, with those of accounts.
pub trait AccountStore:
    FullStore
    + AccountRepository
    + SessionRepository
    + OneTimeLinkRepository
    + RoleRepository
    + ApiKeyRepository
    + ProviderKeyRepository
    + AuditRepository
    + BudgetRepository
    + SecretRegistry
{
}

impl<S> AccountStore for S where
    S: FullStore
        + AccountRepository
        + SessionRepository
        + OneTimeLinkRepository
        + RoleRepository
        + ApiKeyRepository
        + ProviderKeyRepository
        + AuditRepository
        + BudgetRepository
        + SecretRegistry
{
}

/// Runs the part of the suite about accounts, for an [`AccountStore`](crate::conformance::accounts::AccountStore).
#[macro_export]
macro_rules! conformance_accounts {
    ($fresh:ident) => {
        $crate::conformance_tests! { conformance_accounts in accounts, $fresh =>
            creation::an_account_reads_as_it_was_made,
            creation::the_first_account_is_an_administrator_and_takes_over_what_was_there,
            creation::of_many_made_at_once_one_is_the_administrator,
            creation::an_address_has_one_account,
            creation::an_address_is_found_in_the_form_of_former_times,
            creation::of_many_with_one_address_at_once_one_is_made,
            creation::a_person_at_a_provider_has_one_account,
            creation::an_invitation_makes_one_account,
            creation::an_invitation_used_by_many_at_once_makes_one_account,
            creation::the_link_that_verifies_the_address_is_made_with_the_account,
            creation::accounts_are_listed_by_address_in_pages,
            changes::a_change_is_stored_with_its_entry,
            changes::what_changes_nothing_is_not_told,
            changes::a_refused_change_leaves_everything_as_it_was,
            changes::there_is_always_an_administrator,
            changes::administrators_who_demote_each_other_at_once_leave_one,
            changes::an_address_is_not_changed_to_that_of_another,
            changes::of_many_who_take_one_address_at_once_one_has_it,
            changes::a_person_at_a_provider_is_linked_once,
            changes::a_new_password_ends_the_other_sessions_and_drops_links,
            changes::a_link_that_resets_a_password_is_used_once_by_many_at_once,
            changes::a_link_that_verifies_an_address_is_used_up,
            changes::disabling_ends_all_sessions_and_refuses_new_ones,
            second_factor::a_second_factor_reads_as_it_was_stored,
            second_factor::a_step_is_accepted_once_by_many_at_once,
            second_factor::a_backup_code_is_used_once_by_many_at_once,
            second_factor::a_sign_in_is_finished_once_by_many_at_once,
            deletion::everything_of_the_account_goes_and_nothing_of_others,
            deletion::what_arrives_late_is_not_stored,
            deletion::the_last_administrator_stays,
            deletion::an_unknown_account_is_not_deleted,
            deletion::administrators_who_delete_each_other_at_once_leave_one,
            sessions::a_session_reads_as_it_was_begun,
            sessions::live_sessions_are_listed_the_newest_first,
            sessions::a_session_is_ended_once,
            sessions::all_sessions_but_one_are_ended,
            sessions::another_owners_sessions_do_not_exist,
            sessions::expired_sessions_are_cleared_in_pieces,
            refresh::a_session_goes_on_from_generation_to_generation,
            refresh::an_answer_that_was_lost_is_given_again,
            refresh::many_refreshes_of_one_generation_get_the_same_successor,
            refresh::an_old_token_within_the_grace_gets_the_newest,
            refresh::an_old_token_after_the_grace_ends_the_session,
            refresh::a_session_that_does_not_live_is_refused,
            links::a_link_reads_as_it_was_made,
            links::a_new_link_takes_the_place_of_unused_ones,
            links::of_many_links_made_at_once_one_is_left,
            links::a_link_for_an_account_that_changed_is_not_made,
            links::open_links_are_listed_the_newest_first,
            links::a_link_is_revoked_once_and_not_when_it_was_used,
            links::expired_links_are_cleared_in_pieces,
            roles::overrides_are_laid_over_each_other,
            roles::roles_are_listed_by_name,
            roles::changes_at_the_same_time_are_all_kept,
            api_keys::a_key_reads_as_it_was_made,
            api_keys::a_disabled_or_unknown_owner_gets_no_key,
            api_keys::only_so_many_live_keys_are_made,
            api_keys::many_keys_made_at_once_stay_within_the_limit,
            api_keys::a_key_is_revoked_once,
            api_keys::the_last_use_goes_forward_alone,
            api_keys::another_owners_keys_do_not_exist,
            provider_keys::a_key_is_replaced_for_its_endpoint,
            provider_keys::only_so_many_keys_are_stored,
            provider_keys::keys_are_deleted_by_endpoint_or_all,
            provider_keys::a_key_is_resealed_only_from_what_it_was,
            provider_keys::another_owners_provider_keys_do_not_exist,
            audit::entries_read_as_they_were_appended,
            audit::entries_are_found_by_account_and_kind,
            audit::entries_appended_at_once_make_one_chain,
            audit::every_unit_writes_its_entry,
            server_secret::the_secret_is_known_by_its_mark,
            server_secret::a_secret_is_replaced_when_asked,
            server_secret::of_many_secrets_at_once_one_is_registered,
            budgets::of_a_hundred_at_once_exactly_ten_are_granted,
            budgets::asking_again_counts_once,
            budgets::what_was_used_takes_the_place_of_what_was_reserved,
            budgets::a_reservation_is_settled_once_by_many_at_once,
            budgets::abandoned_reservations_are_settled_in_pieces,
            budgets::periods_that_are_over_are_cleared_in_pieces,
            budgets::budgets_of_two_owners_are_apart,
            moving::what_is_imported_of_accounts_is_exported_again,
            moving::imported_accounts_go_on,
            moving::a_damaged_row_is_refused,
        }
    };
}
