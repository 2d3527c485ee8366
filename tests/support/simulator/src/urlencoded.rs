//! Bodies that are URL-encoded forms, read as the product's language reads them: `block[key]` nests and `list[]`
//! appends.

use serde_json::{Map, Value};

/// Returns the JSON that a form stands for; every value in it is a text.
pub(crate) fn as_json(body: &[u8]) -> Value {
    let mut whole = Map::new();
    for (name, text) in form_urlencoded::parse(body) {
        insert(&mut whole, &path(&name), text.into_owned());
    }
    with_lists(whole.into())
}

/// Splits `a[b][]` into `a`, `b` and an empty name.
fn path(name: &str) -> Vec<&str> {
    let inner = name.strip_suffix(']').and_then(|name| name.split_once('['));
    let Some((outer, inner)) = inner else {
        return vec![name];
    };
    std::iter::once(outer).chain(inner.split("][")).collect()
}

fn insert(object: &mut Map<String, Value>, path: &[&str], text: String) {
    let Some((&first, rest)) = path.split_first() else {
        return;
    };
    let key = if first.is_empty() { object.len().to_string() } else { as_name(first) };
    if rest.is_empty() {
        object.insert(key, text.into());
        return;
    }
    let inner = object.entry(key).or_insert_with(|| Map::new().into());
    if let Value::Object(inner) = inner {
        insert(inner, rest, text);
    }
}

/// Returns a key as it is if it looks like one. A body of another kind is one long "key" that may hold a secret, and
/// keys are written down.
fn as_name(key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ' ');
    if key.len() <= 64 && key.chars().all(plain) { key.to_owned() } else { "?".to_owned() }
}

/// Turns objects whose keys count from 0 into arrays.
fn with_lists(value: Value) -> Value {
    let Value::Object(mut object) = value else {
        return value;
    };
    let counts = !object.is_empty() && (0..object.len()).all(|index| object.contains_key(&index.to_string()));
    if counts {
        let items = (0..object.len()).filter_map(|index| object.remove(&index.to_string()));
        return items.collect::<Vec<_>>().into_iter().map(with_lists).collect();
    }
    object.into_iter().map(|(key, value)| (key, with_lists(value))).collect::<Map<_, _>>().into()
}
