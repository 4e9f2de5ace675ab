//! The messages that runs write. The search knows such a message once it is at its end.

use manent_domain::run::{AnswerContent, AnswerFacts, AnswerWrite, ProgressPlan, Run};
use manent_types::{MessageStatus, Part, Timestamp, text_of};
use rusqlite::{Connection, params};

use crate::append::{self, ConversationRows, PreparedBatch, PreparedTexts};
use crate::error::{Error, to_count, to_integer};
use crate::feed_entries::SubjectTable;
use crate::rows::{parsed, parsed_option, text, unreadable};
use crate::users::Owner;
use crate::writer::Unit;

/// The message that has the id of a run's answer.
pub(super) struct ExistingAnswer {
    pk: i64,
    conversation_pk: i64,
    is_deleted: bool,
    is_temporary: bool,
    pub(super) facts: AnswerFacts,
}

/// The owner's message with the id of the run's record.
pub(super) fn find(
    connection: &Connection,
    owner_pk: i64,
    run: &Run,
) -> Result<Option<ExistingAnswer>, Error> {
    let Some(target) = run.record else {
        return Ok(None);
    };
    let mut statement = connection.prepare_cached(
        "SELECT messages.pk, messages.conversation_pk, messages.deleted_at IS NOT NULL, conversations.id, messages.seq, \
         messages.role, messages.status, messages.run_id, messages.run_position, messages.edited_at IS NOT NULL, \
         conversations.expires_at IS NOT NULL \
         FROM messages JOIN conversations ON conversations.pk = messages.conversation_pk \
         WHERE messages.owner_pk = ?1 AND messages.id = ?2",
    )?;
    let mut found = statement.query(params![owner_pk, target.message.to_string()])?;
    let Some(row) = found.next()? else {
        return Ok(None);
    };
    let position: Option<i64> = row.get(8)?;
    Ok(Some(ExistingAnswer {
        pk: row.get(0)?,
        conversation_pk: row.get(1)?,
        is_deleted: row.get(2)?,
        is_temporary: row.get(10)?,
        facts: AnswerFacts {
            conversation: parsed(row, 3, "conversations.id")?,
            seq: to_count(row.get(4)?, "messages.seq")?,
            role: parsed(row, 5, "messages.role")?,
            status: parsed(row, 6, "messages.status")?,
            run: parsed_option(row, 7, "messages.run_id")?,
            position: to_count(position.unwrap_or(0), "messages.run_position")?,
            is_edited: row.get(9)?,
        },
    }))
}

/// Writes what was decided about the answer. `prepared` are the texts of the wished content, where they were made ready.
#[expect(
    clippy::too_many_arguments,
    reason = "all that was decided, and what is there"
)]
pub(super) fn write(
    unit: &mut Unit<'_>,
    owner: Owner,
    plan: &ProgressPlan,
    write: &AnswerWrite,
    existing: Option<&ExistingAnswer>,
    conversations: &ConversationRows,
    prepared: Option<&PreparedTexts>,
    now: Timestamp,
) -> Result<(), Error> {
    match (write, existing) {
        (AnswerWrite::Nothing, _) => Ok(()),
        (
            AnswerWrite::Insert {
                submission,
                plan: append_plan,
                position,
            },
            _,
        ) => {
            let batch =
                PreparedBatch::of_answer(submission.clone(), prepared, plan.run.id, *position)
                    .map_err(|_| unfit())?;
            append::write(unit, owner, conversations, &batch, append_plan, now)
        }
        (
            AnswerWrite::Update {
                status, content, ..
            },
            Some(existing),
        ) => {
            let made;
            let texts = match (content, prepared) {
                (None, _) => None,
                (Some(_), Some(prepared)) => Some(prepared),
                (Some(content), None) => {
                    made = PreparedTexts::of(&content.content, content.usage.as_ref())
                        .map_err(|_| unfit())?;
                    Some(&made)
                }
            };
            index(unit, owner, existing, *status, texts)?;
            update(
                unit.connection,
                existing.pk,
                *status,
                content.as_ref(),
                texts,
            )?;
            if plan.is_turned {
                if !existing.is_temporary {
                    unit.changed(owner, SubjectTable::Messages, existing.pk, now);
                }
                let pk = existing.conversation_pk;
                unit.connection
                    .prepare_cached(
                        "UPDATE conversations SET updated_at = MAX(updated_at, ?2) WHERE pk = ?1",
                    )?
                    .execute(params![pk, now.as_millisecond()])?;
                if !existing.is_temporary {
                    unit.changed(owner, SubjectTable::Conversations, pk, now);
                }
            }
            Ok(())
        }
        (AnswerWrite::Update { .. }, None) => Err(Error::Unfit {
            what: "a plan that changes an unknown message",
        }),
    }
}

fn update(
    connection: &Connection,
    pk: i64,
    status: MessageStatus,
    content: Option<&AnswerContent>,
    texts: Option<&PreparedTexts>,
) -> Result<(), Error> {
    let (Some(content), Some(texts)) = (content, texts) else {
        connection
            .prepare_cached("UPDATE messages SET status = ?2 WHERE pk = ?1")?
            .execute(params![pk, status.as_str()])?;
        return Ok(());
    };
    connection
        .prepare_cached(
            "UPDATE messages SET status = ?2, content = ?3, fingerprint = ?4, usage = ?5, model = ?6, provider = ?7, \
             run_position = ?8 WHERE pk = ?1",
        )?
        .execute(params![
            pk,
            status.as_str(),
            texts.content,
            content.fingerprint.0,
            texts.usage,
            content.model,
            content.provider,
            to_integer(content.position, "a run's position")?,
        ])?;
    Ok(())
}

/// Brings the search up to date, before the row is changed: what is being written is not in it.
fn index(
    unit: &mut Unit<'_>,
    owner: Owner,
    existing: &ExistingAnswer,
    status: MessageStatus,
    texts: Option<&PreparedTexts>,
) -> Result<(), Error> {
    let was_found = existing.facts.status != MessageStatus::Running && !existing.is_deleted;
    let is_found = status != MessageStatus::Running && !existing.is_deleted;
    if was_found == is_found && (texts.is_none() || !was_found) {
        return Ok(());
    }
    let pk = existing.pk;
    let stored = if was_found || texts.is_none() {
        stored_words(unit.connection, pk)?
    } else {
        String::new()
    };
    let wanted = texts.map_or_else(|| stored.clone(), |texts| texts.words.clone());
    if was_found {
        unit.index.remove_message(pk, owner.pk, stored);
    }
    if is_found {
        unit.index.add_message(pk, owner.pk, wanted);
    }
    Ok(())
}

fn stored_words(connection: &Connection, pk: i64) -> Result<String, Error> {
    let mut statement = connection.prepare_cached("SELECT content FROM messages WHERE pk = ?1")?;
    let mut found = statement.query([pk])?;
    let Some(row) = found.next()? else {
        return Ok(String::new());
    };
    let parts: Vec<Part> = serde_json::from_str(text(row, 0, "messages.content")?)
        .map_err(|_| unreadable("messages.content"))?;
    Ok(text_of(&parts))
}

const fn unfit() -> Error {
    Error::Unfit {
        what: "the content of an answer",
    }
}
