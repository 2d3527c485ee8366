//! Whom MySafe could not share an entry with. No page shows what the items of `shared_error` are, so that nothing is kept of
//! them but which of our own names they mention.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::answer::Sharing;

/// Returns what an answer's `shared_error` says of the names that were sent.
pub(in crate::pam) fn sharing_of(body: &[u8], names: &[&str]) -> Sharing {
    let names = names.iter().map(|name| Name { sent: name, lower: name.to_lowercase(), mentioned: false });
    let mut found = Found { names: names.collect(), any: false, texts: 0 };
    let mut json = serde_json::Deserializer::from_slice(body);
    // A body that is no JSON is told by the envelope.
    let _ = Walk { found: &mut found, place: Place::Answer }.deserialize(&mut json);
    if !found.any {
        return Sharing::Complete;
    }
    let mut names: Vec<String> =
        found.names.iter().filter(|name| name.mentioned).map(|name| name.sent.to_owned()).collect();
    names.sort();
    names.dedup();
    Sharing::Incomplete { names }
}

/// So many texts are looked at: some for each name that a request may have. In an answer of a megabyte of short ones, looking
/// for each name in each text would take minutes.
const MOST_TEXTS: usize = 2048;

/// A name that was sent.
struct Name<'a> {
    sent: &'a str,
    lower: String,
    mentioned: bool,
}

/// What was found so far.
struct Found<'a> {
    names: Vec<Name<'a>>,
    /// True if there is any content.
    any: bool,
    /// How many texts there were.
    texts: usize,
}

impl Found<'_> {
    fn take_in(&mut self, text: &str) {
        self.texts += 1;
        if self.texts > MOST_TEXTS {
            return;
        }
        let text = text.to_lowercase();
        for name in self.names.iter_mut().filter(|name| !name.mentioned && name.lower.len() <= text.len()) {
            name.mentioned = mentions(&text, &name.lower);
        }
    }
}

/// Returns true if a text has a name as a word of its own.
fn mentions(text: &str, name: &str) -> bool {
    !name.is_empty()
        && text
            .match_indices(name)
            .any(|(at, _)| is_edge(text[..at].chars().rev()) && is_edge(text[at + name.len()..].chars()))
}

/// Returns true if a name may end where these characters go on: a longer name does not.
fn is_edge(mut on: impl Iterator<Item = char>) -> bool {
    match on.next() {
        Some('.' | '@' | '-' | '_') => !on.next().is_some_and(char::is_alphanumeric),
        Some(next) => !next.is_alphanumeric(),
        None => true,
    }
}

/// Where in the answer a value is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Answer,
    Entity,
    SharedError,
}

/// Walks through a value of the answer and keeps nothing of it.
struct Walk<'f, 'a> {
    found: &'f mut Found<'a>,
    place: Place,
}

impl Walk<'_, '_> {
    fn note(self, text: &str) {
        if self.place == Place::SharedError {
            self.found.any |= !text.is_empty();
            self.found.take_in(text);
        }
    }

    fn note_any(self) {
        self.found.any |= self.place == Place::SharedError;
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { found, place } = self;
        while let Some(key) = map.next_key::<String>()? {
            let inner = match (place, key.as_str()) {
                (Place::Answer, "password_entity") => Place::Entity,
                (Place::Entity, "shared_error") | (Place::SharedError, _) => Place::SharedError,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            if place == Place::SharedError {
                Walk { found, place }.note(&key);
            }
            map.next_value_seed(Walk { found, place: inner })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Self { found, place } = self;
        while seq.next_element_seed(Walk { found, place })?.is_some() {
            Walk { found, place }.note_any();
        }
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.note(text);
        Ok(())
    }

    fn visit_bool<E>(self, said: bool) -> Result<(), E> {
        if said {
            self.note_any();
        }
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.note_any();
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        if number > 0 {
            self.note_any();
        }
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.note_any();
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn sharing(shared_error: &Value, names: &[&str]) -> Sharing {
        let body =
            json!({"response": {"message": "ana"}, "password_entity": {"name": "ana", "shared_error": shared_error}});
        sharing_of(body.to_string().as_bytes(), names)
    }

    fn incomplete(names: &[&str]) -> Sharing {
        Sharing::Incomplete { names: names.iter().map(|name| (*name).to_owned()).collect() }
    }

    #[test]
    fn only_our_own_names_are_kept_whatever_the_items_are() {
        let names = ["ana", "ana.maria", "NOC group", "ana", "absent"];
        let shapes = [
            json!(["User 'ANA' not found", "NOC group: no such group. CANARY"]),
            json!([{"username": "ana", "why": "CANARY"}, {"name": "NOC group"}]),
            json!({"ana": "CANARY", "NOC group": 7}),
            json!("ana, NOC group."),
            json!([[["ana"]], [["NOC group"]]]),
        ];
        for shape in shapes {
            assert_eq!(sharing(&shape, &names), incomplete(&["NOC group", "ana"]), "{shape}");
        }
        assert_eq!(sharing(&json!(["ana.maria"]), &names), incomplete(&["ana.maria"]));
        assert_eq!(sharing(&json!(["banana", "ana-x", "x_ana", "ana@x"]), &names), incomplete(&[]));
    }

    #[test]
    fn an_answer_of_many_short_texts_takes_little_time() {
        let names: Vec<String> = (0..256).map(|number| format!("{number:03}{}", "\u{c9}".repeat(252))).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let texts = r#""a","#.repeat(250_000);
        let body = format!(r#"{{"password_entity":{{"shared_error":[{texts}"a"]}}}}"#);
        let began = std::time::Instant::now();
        assert_eq!(sharing_of(body.as_bytes(), &names), incomplete(&[]));
        assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
    }

    #[test]
    fn a_problem_that_names_nobody_is_one_and_nothing_is_none() {
        for shape in [json!(["not found"]), json!([null]), json!([{}]), json!(7), json!(true), json!("x"), json!(-1)] {
            assert_eq!(sharing(&shape, &["ana"]), incomplete(&[]), "{shape}");
        }
        for shape in [json!([]), json!({}), json!(null), json!(""), json!(false), json!(0)] {
            assert_eq!(sharing(&shape, &["ana"]), Sharing::Complete, "{shape}");
        }
        for body in ["", "[]", "null", "<html>", r#"{"shared_error":["ana"]}"#, r#"{"password_entity":["ana"]}"#] {
            assert_eq!(sharing_of(body.as_bytes(), &["ana"]), Sharing::Complete, "{body}");
        }
    }
}
