//! `GET /api/messages`: hits of a search, or a conversation in pages.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use axum::Json as JsonAnswer;
use axum::extract::{Query, State};
use manent_domain::error::DomainError;
use manent_domain::search::{HitKind, SearchOrder};
use manent_librechat::wire;
use manent_types::{ConversationId, Role, UserId, text_of};
use serde_json::{Value, json};

use super::{find, one, told};
use crate::access::Reading;
use crate::app::App;
use crate::librechat::chat::{ChatRefusal, told_conversation, told_endpoint};
use crate::librechat::convos::present;

/// How many messages a page has where nothing is said, and at most.
const PAGE: usize = 25;
const MOST: usize = 200;

/// How many hits are looked for together, and how often.
const HITS: usize = 50;
const ROUNDS: usize = 2;

/// What is asked for by the query.
pub(in crate::librechat) async fn search(
    State(app): State<App>,
    Reading(owner): Reading,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<JsonAnswer<Value>, ChatRefusal> {
    let said = |name: &str| {
        let mut named = query
            .iter()
            .filter(|(key, value)| key == name && !value.trim().is_empty());
        named.next().map(|(_, value)| value.as_str())
    };
    let (messages, next) = match (said("conversationId"), said("messageId"), said("search")) {
        (Some(conversation), Some(message), _) => {
            let place = (conversation.to_owned(), message.to_owned());
            match find(&app, owner, &place).await {
                Ok((conversation, message)) => (
                    vec![one(&app, owner, &conversation, message.id).await?],
                    None,
                ),
                Err(ChatRefusal::NotFound(_)) => (Vec::new(), None),
                Err(error) => return Err(error),
            }
        }
        (Some(conversation), None, _) => {
            let limit = said("pageSize").and_then(|size| size.parse().ok());
            let limit = limit.filter(|limit| *limit > 0).unwrap_or(PAGE).min(MOST);
            let ascending = said("sortDirection") == Some("asc");
            page(&app, owner, conversation, said("cursor"), limit, ascending).await?
        }
        (None, _, Some(words)) => (hits(&app, owner, words).await?, None),
        (None, _, None) => (Vec::new(), None),
    };
    Ok(JsonAnswer(
        json!({ "messages": messages, "nextCursor": next }),
    ))
}

/// A page of a conversation; a place in it is the message that was seen last.
async fn page(
    app: &App,
    owner: UserId,
    conversation: &str,
    cursor: Option<&str>,
    limit: usize,
    ascending: bool,
) -> Result<(Vec<Value>, Option<String>), ChatRefusal> {
    let Ok(id) = conversation.parse::<ConversationId>() else {
        return Ok((Vec::new(), None));
    };
    let mut messages = match present(app, owner, id).await {
        Ok(conversation) => told(app, owner, &conversation).await?,
        Err(DomainError::ConversationNotFound) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    if !ascending {
        messages.reverse();
    }
    let seen = cursor.and_then(|cursor| {
        let mut messages = messages.iter();
        messages.position(|message| message["messageId"].as_str() == Some(cursor))
    });
    let mut rest = messages.split_off(seen.map_or(0, |seen| seen + 1));
    let has_more = rest.len() > limit;
    rest.truncate(limit);
    let last = rest.last().filter(|_| has_more);
    let next = last.and_then(|last| last["messageId"].as_str());
    let next = next.map(str::to_owned);
    Ok((rest, next))
}

/// The newest messages that have the words.
async fn hits(app: &App, owner: UserId, words: &str) -> Result<Vec<Value>, ChatRefusal> {
    let mut found = Vec::new();
    let mut conversations: HashMap<ConversationId, Option<(Value, Option<String>)>> =
        HashMap::new();
    let mut after = None;
    for _ in 0..ROUNDS {
        let page = app
            .search
            .search(owner, words, SearchOrder::Newest, after, HITS);
        let page = match page.await {
            Ok(page) => page,
            // There is nothing in it to be looked for.
            Err(DomainError::Invalid { .. }) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        for hit in page.items {
            let HitKind::Message { id, .. } = hit.kind else {
                continue;
            };
            if let Entry::Vacant(place) = conversations.entry(hit.conversation) {
                let there = match present(app, owner, hit.conversation).await {
                    Ok(there) => Some((
                        told_conversation(app, owner, &there),
                        told_endpoint(app, &there),
                    )),
                    Err(DomainError::ConversationNotFound) => None,
                    Err(error) => return Err(error.into()),
                };
                place.insert(there);
            }
            let Some(Some((conversation, endpoint))) = conversations.get(&hit.conversation) else {
                continue;
            };
            let message = match app.messages.get(owner, id).await {
                Ok(message) if message.deleted_at.is_none() => message,
                Ok(_) | Err(DomainError::MessageNotFound) => continue,
                Err(error) => return Err(error.into()),
            };
            let mut told = wire::message(&message, None, endpoint.as_deref());
            if message.role != Role::User {
                told["text"] = text_of(&message.content).into();
            }
            told["title"] = conversation["title"].clone();
            if let Some(model) = conversation.get("model") {
                told["model"] = model.clone();
            }
            found.push(told);
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Ok(found)
}
