//! The answers, as the samples of each version have them.

use serde_json::{Map, Value, json};

use super::entry::{SafeEntry, Share};
use super::sharing::Unshared;
use crate::answer::{Answer, Bare, Refusal, envelope, written_id};
use crate::call::Kind;
use crate::secret::Hidden;
use crate::state::State;

/// The answer to a POST or a PUT: the entry without its secrets.
pub(super) fn saved(state: &State, kind: Kind, id: u64, unshared: Unshared) -> Result<Answer, Refusal> {
    let entry = state.store.safe.get(id).ok_or_else(Refusal::unexpected)?;
    let (status, verb) = if kind == Kind::PostSafePassword { (201, "registered") } else { (200, "updated") };
    let mut whole = envelope(state.style(kind), status, &format!("Password successfully {verb}"), false);
    let mut shown = texts(state, entry);
    shown.insert("note".to_owned(), self::shown(state, entry.text("notes")).into());
    put_shares(&mut shown, entry, "can_edit");
    shown.insert("shared_error".to_owned(), unshared.into());
    whole.insert("password_entity".to_owned(), shown.into());
    Ok(Answer::json(status, &whole.into()))
}

/// The answer to activating and deactivating; that of 3.32 for the latter is short.
pub(super) fn switched(state: &State, kind: Kind, already: bool) -> Answer {
    let (activates, how) =
        (kind == Kind::ActivateSafePassword, if already { "has already been" } else { "successfully" });
    let verb = if activates { "activated" } else { "deactivated" };
    let whole = envelope(state.style(kind), 200, &format!("Password {how} {verb}"), false);
    let answer = Answer::json(200, &whole.into());
    if activates || !state.profile.bare_reads { answer } else { answer.edited(shorten) }
}

/// The answer to the GET of an entry, with all of its secrets.
pub(super) fn whole(state: &State, entry: &SafeEntry) -> Answer {
    let password = entry.writes.last().map(|write| write.value.reveal());
    let secret_key = entry.secret_key.as_ref().map(Hidden::reveal);
    let old = state.profile.bare_reads;
    // 3.32's sample has a number here.
    let token = secret_key.map(|_| if old { json!(452_180) } else { json!("452180") });
    let mut shown = texts(state, entry);
    let notes = self::shown(state, entry.text("notes"));
    let secrets = [("password", json!(password)), ("secret_key", json!(secret_key)), ("token", json!(token))];
    shown.extend(secrets.map(|(key, value)| (key.to_owned(), value)));
    shown.insert("notes".to_owned(), notes.into());
    put_shares(&mut shown, entry, if old { "can_edit" } else { "can_write" });
    let mut whole = envelope(state.style(Kind::GetSafePassword), 200, "Success", false);
    whole.insert("password_entity".to_owned(), shown.into());
    Answer::json(200, &whole.into())
}

/// The answer to a call that MySafe turned down. In 3.32 most have no `code` and no `detail`, and say `error_code` 0.
pub(crate) fn refused(state: &State, kind: Kind, refusal: &Refusal) -> Answer {
    let mut style = state.style(kind);
    style.bare = Bare::Never;
    let answer = refusal.answer(style);
    let of_reading = matches!(kind, Kind::GetSafePassword);
    let short = kind != Kind::ActivateSafePassword && (refusal.code != 1006 || of_reading);
    if !(state.profile.bare_reads && short) {
        return answer;
    }
    answer.edited(|whole| {
        shorten(whole);
        let zero = refusal.code != 1006;
        for key in ["error_code", "cod_erro"] {
            if let Some(code) = whole["response"].get_mut(key).filter(|_| zero) {
                *code = 0.into();
            }
        }
        if let Some(exception) = whole.get_mut("exception").and_then(Value::as_object_mut) {
            exception.insert("detail".to_owned(), "".into());
        }
    })
}

fn shorten(whole: &mut Map<String, Value>) {
    whole.remove("code");
    if let Some(response) = whole.get_mut("response").and_then(Value::as_object_mut) {
        response.remove("detail");
    }
}

fn texts(state: &State, entry: &SafeEntry) -> Map<String, Value> {
    let mut shown = Map::new();
    shown.insert("identifier".to_owned(), written_id(state.behaviour.envelope, entry.id));
    for key in ["name", "url", "username", "tags"] {
        shown.insert(key.to_owned(), self::shown(state, entry.text(key)).into());
    }
    shown
}

fn put_shares(shown: &mut Map<String, Value>, entry: &SafeEntry, right: &str) {
    let of = |shares: &[Share], name: &str| -> Value {
        shares.iter().map(|share| json!({ name: share.name, right: share.can_edit })).collect()
    };
    shown.insert("users_allowed".to_owned(), of(&entry.users, "username"));
    shown.insert("groups_allowed".to_owned(), of(&entry.groups, "name"));
}

/// A text as answers have it.
pub(super) fn shown(state: &State, text: &str) -> String {
    if !state.behaviour.my_safe.html_entities {
        return text.to_owned();
    }
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
