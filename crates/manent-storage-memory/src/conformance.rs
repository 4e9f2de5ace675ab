//! The suite that every store passes.
//!
//! A store's tests name an async function that makes a fresh, empty store, and a guard that keeps it alive:
//!
//! ```
//! async fn fresh() -> (manent_storage_memory::MemoryStore, ()) {
//!     (manent_storage_memory::MemoryStore::new(), ())
//! }
//! manent_storage_memory::conformance!(fresh);
//! # fn main() {}
//! ```
//!
//! [`conformance!`](crate::conformance!), [`conformance_changes!`](crate::conformance_changes!),
//! [`conformance_runs!`](crate::conformance_runs!), [`conformance_kept!`](crate::conformance_kept!) and
//! [`conformance_accounts!`](crate::conformance_accounts!) together are the whole suite. Each test runs on the crate's own `tokio`. [`simulation`] has
//! what property tests need, [`replica`] what shows that the feed tells everything.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test suite"
)]

pub mod accounts;
pub mod answer_places;
pub mod answers;
pub mod append;
pub mod changes;
pub mod concurrency;
pub mod conversations;
pub mod dead_answers;
pub mod dead_runs;
pub mod documents;
pub mod extras;
pub mod feed;
pub mod labels;
pub mod lanes;
pub mod messages;
pub mod orders;
pub mod person;
pub mod replica;
pub mod run_lists;
pub mod runner;
pub mod runs;
pub mod search;
pub mod simulation;
pub mod temporary;
pub mod titles;
pub mod transfer;

use manent_domain::ports::{
    ConversationRepository, DocumentRepository, FeedRepository, MessageRepository, RunRepository,
    SearchRepository, TransferRepository,
};

/// All ports of a store.
pub trait Store: ConversationRepository + MessageRepository + SearchRepository {}

impl<S: ConversationRepository + MessageRepository + SearchRepository> Store for S {}

/// All ports of a store, with runs, feed and transfer.
pub trait FullStore: Store + RunRepository + FeedRepository + TransferRepository {}

impl<S: Store + RunRepository + FeedRepository + TransferRepository> FullStore for S {}

/// The same with documents.
pub trait KeepingStore: FullStore + DocumentRepository {}

impl<S: FullStore + DocumentRepository> KeepingStore for S {}

/// Runs the part of the suite about conversations, messages as they are appended, and search on the stores that an async function makes.
#[macro_export]
macro_rules! conformance {
    ($fresh:ident) => {
        $crate::conformance_tests! { conformance, $fresh =>
            conversations::create_is_idempotent,
            conversations::create_answers_what_find_answers,
            conversations::same_id_for_two_owners_is_two_conversations,
            conversations::another_owners_conversation_does_not_exist,
            conversations::list_is_newest_first_and_pages_by_keyset,
            conversations::list_breaks_ties_by_id,
            conversations::list_is_reordered_by_messages,
            conversations::list_filters_by_place_and_pin,
            conversations::a_clock_that_goes_back_moves_nothing_down,
            conversations::patch_changes_only_what_it_names,
            conversations::trash_and_restore_are_idempotent,
            conversations::dates_of_elsewhere_are_kept,
            titles::first_words_of_a_person_are_cut_into_a_title,
            titles::an_answer_does_not_name_a_conversation,
            titles::a_generated_title_replaces_only_none_and_a_cut,
            titles::a_persons_title_is_never_overwritten,
            append::stores_with_everything_that_was_given,
            append::a_repeat_is_a_duplicate,
            append::other_content_under_an_id_is_a_conflict,
            append::the_same_message_for_two_owners_is_two_messages,
            append::another_owners_conversation_and_parent_do_not_exist,
            append::parents_are_newest_root_or_named,
            append::a_parent_must_exist_in_the_same_conversation,
            append::a_child_of_a_refused_message_is_blocked,
            append::a_refused_plain_message_may_be_sent_again,
            append::one_batch_may_write_into_several_conversations,
            append::a_users_message_takes_a_conversation_out_of_the_trash,
            append::seq_counts_without_holes_over_refusals,
            lanes::numbers_are_applied_in_order,
            lanes::a_resend_gets_the_same_places,
            lanes::a_gap_stops_the_rest_of_its_lane_only,
            lanes::every_refusal_takes_its_number_and_is_remembered,
            lanes::a_conflict_takes_its_number_and_is_remembered,
            lanes::a_used_number_is_not_given_to_another_message,
            lanes::a_refused_number_is_not_given_to_another_message,
            lanes::a_message_without_an_id_takes_its_number,
            lanes::descendants_of_a_message_whose_number_was_taken_are_blocked,
            lanes::descendants_of_a_refused_message_are_blocked_in_later_batches,
            lanes::a_missing_conversation_takes_numbers_too,
            lanes::lanes_are_apart,
            lanes::lanes_of_two_owners_are_apart,
            messages::pages_go_up_and_down,
            messages::pages_of_an_empty_conversation_are_empty,
            messages::far_places_are_no_error,
            messages::another_owners_messages_do_not_exist,
            search::finds_words_in_any_case_and_the_beginning_of_the_last,
            search::needs_every_word,
            search::is_newest_first_and_pages,
            search::by_relevance_the_denser_match_is_first,
            search::by_relevance_pages_without_repeats,
            search::titles_come_first_and_at_most_a_quarter,
            search::following_the_pages_finds_each_title_and_each_message_once,
            search::a_page_of_one_goes_on_to_the_messages,
            search::a_changed_title_is_found_by_its_new_words_only,
            search::leaves_out_the_trash,
            search::finds_only_the_owners_words,
            search::looks_at_text_parts_only,
            search::operators_are_words,
            search::finds_accents_and_other_scripts,
            search::words_without_letters_find_nothing,
        }
    };
}

/// Runs the part of the suite about changes of what is stored.
#[macro_export]
macro_rules! conformance_changes {
    ($fresh:ident) => {
        $crate::conformance_tests! { conformance_changes, $fresh =>
            changes::an_edit_replaces_the_content_and_says_when,
            changes::a_deletion_is_a_mark_and_its_undoing_brings_the_same_back,
            changes::a_deleted_message_may_be_edited_and_stays_deleted,
            changes::a_repeat_of_a_change_is_a_duplicate_and_does_nothing,
            changes::a_refused_plain_change_may_be_sent_again,
            changes::another_change_under_an_id_is_a_conflict,
            changes::the_same_change_for_two_owners_is_two_changes,
            changes::a_change_may_have_the_id_of_a_message,
            changes::a_target_must_exist_in_the_same_conversation,
            changes::a_change_of_a_refused_message_is_blocked,
            changes::a_change_of_a_missing_conversation_is_refused,
            changes::changes_and_messages_share_the_numbers_of_a_lane,
            changes::a_refused_change_takes_its_number_and_is_remembered,
            changes::the_trash_is_a_change_too,
            changes::the_last_word_of_a_batch_decides_about_the_trash,
            changes::a_change_moves_nothing_up_in_the_lists,
            changes::a_message_is_known_again_after_an_edit,
            changes::the_search_finds_what_a_message_says_now,
            changes::the_search_does_not_find_what_is_deleted,
            changes::a_message_is_found_by_its_id_deleted_or_not,
        }
    };
}

/// Runs the part of the suite about runs, the feed and moving everything, for a [`FullStore`](crate::conformance::FullStore).
#[macro_export]
macro_rules! conformance_runs {
    ($fresh:ident) => {
        $crate::conformance_tests! { conformance_runs, $fresh =>
            runs::begin_is_idempotent,
            runs::a_run_that_is_registered_late_is_alive_then,
            runs::a_conversation_that_is_not_the_owners_is_refused,
            runs::another_owners_run_does_not_exist,
            runs::same_id_for_two_owners_is_two_runs,
            runs::a_log_is_read_as_it_was_written,
            runs::progress_is_kept_in_order,
            runs::events_that_come_again_are_passed_over,
            runs::a_gap_is_not_taken,
            runs::progress_without_anything_is_a_heartbeat,
            runs::unregistered_runs_are_told_apart_in_a_batch,
            runs::a_log_is_read_in_pieces,
            runs::a_stop_is_asked_for_once_and_told,
            runs::a_stop_after_the_end_changes_nothing,
            runs::a_run_that_ended_takes_nothing_more,
            runs::a_run_that_its_own_process_interrupted_stays_so,
            dead_runs::a_dead_run_is_interrupted,
            dead_runs::only_the_dead_are_interrupted,
            dead_runs::the_dead_are_found_in_pieces,
            dead_runs::a_run_that_was_found_dead_wrongly_lives_on,
            dead_runs::a_dead_run_may_be_interrupted_by_its_own_process,
            dead_runs::a_dead_run_takes_nothing_of_another_process,
            dead_runs::old_logs_are_cleared,
            dead_runs::a_dead_run_whose_log_was_cleared_stays_dead,
            answers::an_answer_is_inserted_written_on_and_finished,
            answers::a_short_answer_is_stored_at_once,
            answers::empty_content_is_not_written,
            answers::an_older_answer_does_not_replace_a_newer_one,
            answers::an_answer_may_come_without_events,
            answers::an_end_without_an_answer_ends_the_message,
            answers::a_failed_answer_is_kept,
            answers::an_answer_that_is_being_written_cannot_be_changed,
            answers::the_conversation_goes_on_below_an_answer_that_is_being_written,
            answers::the_search_finds_an_answer_when_it_ended,
            answer_places::an_answer_follows_what_it_names,
            answer_places::two_answers_of_a_batch_get_two_places,
            answer_places::an_answer_waits_for_its_parent,
            answer_places::an_answer_that_ended_waits_for_its_parent_too,
            answer_places::a_parent_elsewhere_refuses_the_answer,
            answer_places::an_id_that_is_taken_refuses_the_answer,
            answer_places::an_answer_of_another_run_stays_as_it_is,
            answer_places::an_answer_that_the_client_stored_first_stays_as_it_is,
            answer_places::an_answer_that_the_client_stores_later_is_a_duplicate,
            answer_places::an_answer_leaves_title_and_trash_alone,
            dead_answers::a_dead_run_leaves_everything_that_its_log_has,
            dead_answers::a_dead_run_without_a_message_gets_one,
            dead_answers::an_answer_lives_on_with_its_run,
            dead_answers::an_edit_of_an_interrupted_answer_outlives_its_run,
            feed::every_write_to_a_conversation_stands_in_the_feed,
            feed::a_batch_stands_in_the_feed_in_order,
            feed::a_run_stands_in_the_feed_when_it_begins_and_ends,
            feed::an_answer_stands_in_the_feed_when_it_comes_and_ends,
            feed::a_run_whose_answer_is_there_already_stands_alone,
            feed::progress_of_several_runs_stands_in_the_feeds_in_order,
            feed::a_dead_run_stands_in_the_feed_with_its_answer,
            feed::nothing_stands_in_the_feed_when_nothing_changed,
            feed::the_feed_shows_the_present_state,
            feed::the_feed_is_read_in_pages,
            feed::feeds_of_two_owners_are_apart,
            transfer::nothing_is_exported_from_nothing,
            transfer::what_is_exported_is_everything,
            transfer::what_is_imported_is_exported_again,
            transfer::an_export_has_one_order,
            transfer::an_imported_store_reads_as_the_one_before,
            transfer::an_imported_store_goes_on,
            transfer::what_is_imported_replaces_what_was_there,
            concurrency::writers_at_the_same_time_share_one_feed,
            concurrency::batches_that_cross_do_not_block_one_another,
            concurrency::the_same_message_many_times_at_once_is_stored_once,
            concurrency::a_run_is_begun_once_by_many_at_once,
            concurrency::the_dead_are_found_once_by_many_at_once,
            concurrency::a_run_that_ends_while_it_is_thought_dead_has_its_own_end,
            concurrency::the_same_progress_many_times_at_once_is_stored_once,
            concurrency::progress_that_crosses_does_not_block,
        }
    };
}

/// Runs the part of the suite about what surfaces keep: orders and labels of lists, extras, temporary conversations and documents, for a
/// [`KeepingStore`](crate::conformance::KeepingStore).
#[macro_export]
macro_rules! conformance_kept {
    ($fresh:ident) => {
        $crate::conformance_tests! { conformance_kept, $fresh =>
            orders::every_order_pages_by_keyset,
            orders::titles_are_ordered_by_their_bytes,
            orders::a_cursor_of_another_order_shows_nothing,
            orders::archiving_says_since_when,
            orders::lists_are_narrowed_by_labels,
            labels::a_conversation_begins_with_its_labels,
            labels::labels_are_added_and_taken_away,
            labels::too_many_labels_are_refused,
            labels::labels_are_counted,
            labels::a_label_is_renamed_everywhere,
            labels::a_label_is_taken_away_everywhere,
            extras::a_conversation_begins_with_its_extras,
            extras::a_patch_is_merged_into_a_conversations_extras,
            extras::a_message_keeps_its_extras,
            extras::an_annotation_is_merged_and_told,
            extras::another_owners_message_is_not_annotated,
            extras::an_answer_that_is_being_written_is_annotated,
            temporary::a_temporary_conversation_stands_nowhere,
            temporary::what_expired_is_not_there,
            temporary::what_expired_is_removed_for_good,
            documents::a_document_is_stored_when_what_is_there_is_expected,
            documents::documents_are_listed_by_their_ids,
            documents::documents_are_removed,
            documents::another_owners_document_does_not_exist,
            documents::a_kind_that_is_full_takes_no_new_documents,
            documents::one_of_many_writers_of_a_revision_wins,
            run_lists::the_newest_run_of_a_conversation_is_found,
            run_lists::the_running_runs_of_an_owner_are_listed,
        }
    };
}

/// Makes a test of each named function of the suite.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_tests {
    ($name:ident in $folder:ident, $fresh:ident => $($module:ident :: $test:ident),* $(,)?) => {
        mod $name {
            $(
                #[tokio::test]
                async fn $test() {
                    let (store, _guard) = super::$fresh().await;
                    $crate::conformance::$folder::$module::$test(&store).await;
                }
            )*
        }
    };
    ($name:ident, $fresh:ident => $($module:ident :: $test:ident),* $(,)?) => {
        mod $name {
            $(
                #[tokio::test]
                async fn $test() {
                    let (store, _guard) = super::$fresh().await;
                    $crate::conformance::$module::$test(&store).await;
                }
            )*
        }
    };
}
