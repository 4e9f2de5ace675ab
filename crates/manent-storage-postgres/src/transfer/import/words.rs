//! What has words: conversations and messages.

use manent_types::Timestamp;

use super::{Records, device, device_seq, integers};
use crate::append::PreparedTexts;
use crate::error::Error;
use crate::pipeline::{Pipeline, column};
use crate::rows::labels_column;
use crate::run_rows::name_column;
use crate::search::words::tsvector_of_title;
use crate::workspace::{LABELS, PLACE, WordsChange, is_findable};

fn millisecond(time: Option<Timestamp>) -> Option<i64> {
    time.map(Timestamp::as_millisecond)
}

impl Records {
    pub(super) async fn add_conversations<'rows>(
        &'rows self,
        pipeline: &mut Pipeline<'rows>,
    ) -> Result<(), Error> {
        let conversations = &self.conversations;
        if conversations.is_empty() {
            return Ok(());
        }
        let sql = format!(
            "INSERT INTO conversations (owner_id, id, title, title_source, config, archived_at, pinned, trashed_at, last_seq, created_at, updated_at, \
             last_message_at, words, expires_at, labels, extras, place) \
             SELECT new.owner_id, new.id, new.title, new.title_source, new.config, new.archived_at, new.pinned, new.trashed_at, new.last_seq, new.at, \
             new.updated_at, new.last_message_at, new.words::tsvector, new.expires_at, {LABELS}, new.extras, {PLACE} \
             FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::boolean[], $8::bigint[], $9::bigint[], \
             $10::bigint[], $11::bigint[], $12::bigint[], $13::text[], $14::bigint[], $15::text[], $16::text[]) AS new (owner_id, id, title, \
             title_source, config, archived_at, pinned, trashed_at, last_seq, at, updated_at, last_message_at, words, expires_at, labels, extras) \
             ON CONFLICT (owner_id, id) DO UPDATE SET title = EXCLUDED.title, title_source = EXCLUDED.title_source, config = EXCLUDED.config, \
             archived_at = EXCLUDED.archived_at, pinned = EXCLUDED.pinned, trashed_at = EXCLUDED.trashed_at, last_seq = EXCLUDED.last_seq, \
             created_at = EXCLUDED.created_at, updated_at = EXCLUDED.updated_at, last_message_at = EXCLUDED.last_message_at, \
             words = EXCLUDED.words, expires_at = EXCLUDED.expires_at, labels = EXCLUDED.labels, extras = EXCLUDED.extras"
        );
        let of = || conversations.values();
        let configs = of()
            .map(|conversation| serde_json::to_string(&conversation.config))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| Error::Unfit {
                what: "a conversation's settings",
            })?;
        let words = conversations
            .iter()
            .map(|((owner, _), row)| tsvector_of_title(*owner, row.title.as_deref()));
        let values = vec![
            column(conversations.keys().map(|(owner, _)| owner.as_uuid())),
            column(conversations.keys().map(|(_, id)| id.as_uuid())),
            column(of().map(|row| row.title.as_deref())),
            column(of().map(|row| row.title_source.as_str())),
            column(configs),
            column(of().map(|row| millisecond(row.archived_at))),
            column(of().map(|row| row.pinned)),
            column(of().map(|row| millisecond(row.trashed_at))),
            column(integers(
                of().map(|row| row.last_seq),
                "a conversation's length",
            )?),
            column(of().map(|row| row.created_at.as_millisecond())),
            column(of().map(|row| row.updated_at.as_millisecond())),
            column(of().map(|row| row.last_message_at.as_millisecond())),
            column(words),
            column(of().map(|row| millisecond(row.expires_at))),
            column(
                of().map(|row| labels_column(&row.labels))
                    .collect::<Result<Vec<_>, _>>()?,
            ),
            column(of().map(|row| row.extras.to_stored())),
        ];
        pipeline.add(&sql, values).await?;
        Ok(())
    }

    pub(super) async fn add_messages<'rows>(
        &'rows self,
        pipeline: &mut Pipeline<'rows>,
    ) -> Result<(), Error> {
        let messages = &self.messages;
        if messages.is_empty() {
            return Ok(());
        }
        let sql = format!(
            "INSERT INTO messages (owner_id, id, conversation_id, parent_id, seq, role, content, status, model, provider, usage, fingerprint, \
             device_id, device_seq, created_at, stored_at, run_id, run_position, edited_at, deleted_at, words, extras, place) \
             SELECT new.owner_id, new.id, new.conversation_id, new.parent_id, new.seq, new.role, new.content, new.status, new.model, new.provider, \
             new.usage, new.fingerprint, new.device_id, new.device_seq, new.created_at, new.at, new.run_id, 0, new.edited_at, new.deleted_at, \
             new.words::tsvector, new.extras, {PLACE} \
             FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], \
             $11::text[], $12::bytea[], $13::text[], $14::bigint[], $15::bigint[], $16::bigint[], $17::uuid[], $18::bigint[], $19::bigint[], \
             $20::text[], $21::text[]) AS new (owner_id, id, conversation_id, parent_id, seq, role, content, status, model, provider, usage, fingerprint, \
             device_id, device_seq, created_at, at, run_id, edited_at, deleted_at, words, extras) \
             ORDER BY new.at, new.seq \
             ON CONFLICT (id, uuid_send(owner_id)) DO UPDATE SET conversation_id = EXCLUDED.conversation_id, parent_id = EXCLUDED.parent_id, \
             seq = EXCLUDED.seq, role = EXCLUDED.role, content = EXCLUDED.content, status = EXCLUDED.status, model = EXCLUDED.model, \
             provider = EXCLUDED.provider, usage = EXCLUDED.usage, fingerprint = EXCLUDED.fingerprint, device_id = EXCLUDED.device_id, \
             device_seq = EXCLUDED.device_seq, created_at = EXCLUDED.created_at, stored_at = EXCLUDED.stored_at, run_id = EXCLUDED.run_id, \
             run_position = EXCLUDED.run_position, edited_at = EXCLUDED.edited_at, deleted_at = EXCLUDED.deleted_at, words = EXCLUDED.words, \
             extras = EXCLUDED.extras"
        );
        let texts = messages
            .iter()
            .map(|((owner, _), record)| {
                let message = &record.message;
                PreparedTexts::of(*owner, &message.content, message.usage.as_ref())
            })
            .collect::<Result<Vec<_>, _>>()?;
        let of = || messages.values().map(|record| &record.message);
        let lanes = || messages.values().map(|record| record.lane.as_ref());
        let words: Vec<Option<String>> = of()
            .zip(&texts)
            .map(|(message, texts)| match &texts.words {
                WordsChange::Set(words)
                    if is_findable(message.deleted_at, message.run, message.status) =>
                {
                    Some(words.to_string())
                }
                _ => None,
            })
            .collect();
        let device_seqs = lanes().map(device_seq).collect::<Result<Vec<_>, _>>()?;
        let values = vec![
            column(messages.keys().map(|(owner, _)| owner.as_uuid())),
            column(messages.keys().map(|(_, id)| id.as_uuid())),
            column(of().map(|message| message.conversation.as_uuid())),
            column(of().map(|message| message.parent.map(|id| id.as_uuid()))),
            column(integers(
                of().map(|message| message.seq),
                "a message's place",
            )?),
            column(of().map(|message| message.role.as_str())),
            column(texts.iter().map(|texts| texts.content.to_string())),
            column(of().map(|message| message.status.as_str())),
            column(of().map(|message| name_column(message.model.as_deref()))),
            column(of().map(|message| name_column(message.provider.as_deref()))),
            column(texts.iter().map(|texts| texts.usage.clone())),
            column(messages.values().map(|record| &record.fingerprint.0[..])),
            column(lanes().map(device)),
            column(device_seqs),
            column(of().map(|message| message.created_at.as_millisecond())),
            column(of().map(|message| message.stored_at.as_millisecond())),
            column(of().map(|message| message.run.map(|id| id.as_uuid()))),
            column(of().map(|message| millisecond(message.edited_at))),
            column(of().map(|message| millisecond(message.deleted_at))),
            column(words),
            column(of().map(|message| message.extras.to_stored())),
        ];
        pipeline.add(&sql, values).await?;
        Ok(())
    }
}
