//! Parts that write conversations.

use manent_domain::conversation::Conversation;

use super::super::{ConversationKey, ConversationRow, Workspace};
use super::{LABELS, PLACE, counts, millisecond};
use crate::error::Error;
use crate::pipeline::{Parts, column};
use crate::rows::labels_column;
use crate::search::words::tsvector_of_title;

impl Workspace {
    pub(super) fn add_conversations<'rows>(
        &'rows self,
        parts: &mut Parts<'rows>,
    ) -> Result<(), Error> {
        let new: Vec<(&ConversationKey, &ConversationRow)> = self
            .changed
            .new_conversations
            .iter()
            .filter_map(|key| Some((key, self.changed.conversations.get(key)?)))
            .collect();
        if !new.is_empty() {
            let sql = format!(
                "INSERT INTO conversations (owner_id, id, title, title_source, config, archived_at, pinned, trashed_at, last_seq, created_at, \
                 updated_at, last_message_at, words, expires_at, labels, extras, place) \
                 SELECT new.owner_id, new.id, new.title, new.title_source, new.config, new.archived_at, new.pinned, new.trashed_at, new.last_seq, \
                 new.at, new.updated_at, new.last_message_at, new.words::tsvector, new.expires_at, {LABELS}, new.extras, {PLACE} \
                 FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::boolean[], $8::bigint[], $9::bigint[], \
                 $10::bigint[], $11::bigint[], $12::bigint[], $13::text[], $14::bigint[], $15::text[], $16::text[]) AS new (owner_id, id, title, \
                 title_source, config, archived_at, pinned, trashed_at, last_seq, at, updated_at, last_message_at, words, expires_at, labels, extras)"
            );
            let of = || new.iter().map(|(_, row)| &row.conversation);
            let values = vec![
                column(new.iter().map(|(key, _)| key.0.as_uuid())),
                column(of().map(|row| row.id.as_uuid())),
                column(of().map(|row| row.title.as_deref())),
                column(of().map(|row| row.title_source.as_str())),
                column(configs(new.iter().map(|(_, row)| *row))?),
                column(of().map(|row| millisecond(row.archived_at))),
                column(of().map(|row| row.pinned)),
                column(of().map(|row| millisecond(row.trashed_at))),
                column(counts(of(), |row| row.last_seq, "a conversation's length")?),
                column(of().map(|row| row.created_at.as_millisecond())),
                column(of().map(|row| row.updated_at.as_millisecond())),
                column(of().map(|row| row.last_message_at.as_millisecond())),
                column(title_words(&new)),
                column(of().map(|row| millisecond(row.expires_at))),
                column(labels(of())?),
                column(of().map(|row| row.extras.to_stored())),
            ];
            parts.add(&sql, values);
        }
        let (touched, changed): (Vec<_>, Vec<_>) = self
            .changed
            .conversations
            .iter()
            .filter_map(|(key, row)| Some((key, row, self.stored_conversation(*key)?)))
            .partition(|(_, row, before)| is_touched_only(row, before));
        if !touched.is_empty() {
            let sql = "UPDATE conversations SET trashed_at = new.trashed_at, last_seq = new.last_seq, updated_at = new.updated_at, \
                 last_message_at = new.last_message_at \
                 FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[]) \
                 AS new (owner_id, id, trashed_at, last_seq, updated_at, last_message_at) \
                 WHERE conversations.owner_id = new.owner_id AND conversations.id = new.id";
            let of = || touched.iter().map(|(_, row, _)| &row.conversation);
            let values = vec![
                column(touched.iter().map(|(key, ..)| key.0.as_uuid())),
                column(of().map(|row| row.id.as_uuid())),
                column(of().map(|row| millisecond(row.trashed_at))),
                column(counts(of(), |row| row.last_seq, "a conversation's length")?),
                column(of().map(|row| row.updated_at.as_millisecond())),
                column(of().map(|row| row.last_message_at.as_millisecond())),
            ];
            parts.add(sql, values);
        }
        if !changed.is_empty() {
            let sql = format!(
                "UPDATE conversations SET title = new.title, title_source = new.title_source, \
                 config = COALESCE(new.config, conversations.config), archived_at = new.archived_at, pinned = new.pinned, \
                 trashed_at = new.trashed_at, last_seq = new.last_seq, updated_at = new.updated_at, last_message_at = new.last_message_at, \
                 words = new.words::tsvector, labels = CASE WHEN new.is_whole THEN {LABELS} ELSE conversations.labels END, \
                 extras = CASE WHEN new.is_whole THEN new.extras ELSE conversations.extras END, created_at = new.at \
                 FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::boolean[], $8::bigint[], $9::bigint[], \
                 $10::bigint[], $11::bigint[], $12::text[], $13::boolean[], $14::text[], $15::text[], $16::bigint[]) AS new (owner_id, id, title, title_source, \
                 config, archived_at, pinned, trashed_at, last_seq, updated_at, last_message_at, words, is_whole, labels, extras, at) \
                 WHERE conversations.owner_id = new.owner_id AND conversations.id = new.id"
            );
            let of = || changed.iter().map(|(_, row, _)| &row.conversation);
            let rows: Vec<_> = changed.iter().map(|(key, row, _)| (*key, *row)).collect();
            let values = vec![
                column(changed.iter().map(|(key, ..)| key.0.as_uuid())),
                column(of().map(|row| row.id.as_uuid())),
                column(of().map(|row| row.title.as_deref())),
                column(of().map(|row| row.title_source.as_str())),
                column(configs(rows.iter().map(|(_, row)| *row))?),
                column(of().map(|row| millisecond(row.archived_at))),
                column(of().map(|row| row.pinned)),
                column(of().map(|row| millisecond(row.trashed_at))),
                column(counts(of(), |row| row.last_seq, "a conversation's length")?),
                column(of().map(|row| row.updated_at.as_millisecond())),
                column(of().map(|row| row.last_message_at.as_millisecond())),
                column(title_words(&rows)),
                column(rows.iter().map(|(_, row)| row.is_reconfigured)),
                column(labels(of())?),
                column(of().map(|row| row.extras.to_stored())),
                column(of().map(|row| row.created_at.as_millisecond())),
            ];
            parts.add(&sql, values);
        }
        Ok(())
    }

    pub(super) fn stored_conversation(&self, key: ConversationKey) -> Option<&ConversationRow> {
        self.stored.conversations.get(&key)?.as_ref()
    }
}

/// Whether only what an append changes was changed.
fn is_touched_only(row: &ConversationRow, before: &ConversationRow) -> bool {
    let (now, then) = (&row.conversation, &before.conversation);
    !row.is_reconfigured
        && now.title == then.title
        && now.title_source == then.title_source
        && now.archived_at == then.archived_at
        && now.pinned == then.pinned
        && now.created_at == then.created_at
}

/// The settings to write as JSON; absent where they stay.
fn configs<'row>(
    rows: impl Iterator<Item = &'row ConversationRow>,
) -> Result<Vec<Option<String>>, Error> {
    rows.map(|row| {
        row.is_reconfigured
            .then(|| serde_json::to_string(&row.conversation.config))
            .transpose()
            .map_err(|_| Error::Unfit {
                what: "a conversation's settings",
            })
    })
    .collect()
}

fn labels<'row>(
    rows: impl Iterator<Item = &'row Conversation>,
) -> Result<Vec<Option<String>>, Error> {
    rows.map(|row| labels_column(&row.labels)).collect()
}

fn title_words(rows: &[(&ConversationKey, &ConversationRow)]) -> Vec<Option<String>> {
    rows.iter()
        .map(|(key, row)| tsvector_of_title(key.0, row.conversation.title.as_deref()))
        .collect()
}
