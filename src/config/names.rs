//! What Kubernetes accepts as a name and as a label selector.

/// Tells whether `value` is a name of lower-case letters, digits and the characters of `also`, with a letter or digit at
/// both ends.
pub(super) fn is_name(value: &str, also: &str, longest: usize) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || also.contains(c);
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    value.len() <= longest && value.chars().all(inner) && value.starts_with(edge) && value.ends_with(edge)
}

/// Tells whether `text` is a label selector, in the form that `kubectl -l` takes.
pub(super) fn is_selector(text: &str) -> bool {
    requirements(text).into_iter().all(is_requirement)
}

/// Splits at the commas that are not inside parentheses.
fn requirements(selector: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    selector
        .split(|c: char| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            c == ',' && depth == 0
        })
        .map(str::trim)
        .collect()
}

/// `key`, `!key`, `key=value`, `key==value`, `key!=value`, `key in (a,b)` or `key notin (a,b)`.
fn is_requirement(text: &str) -> bool {
    if let Some(set) = text.strip_suffix(')') {
        let Some((head, values)) = set.split_once('(') else {
            return false;
        };
        let head = head.trim_end();
        let key = head.strip_suffix(" notin").or_else(|| head.strip_suffix(" in"));
        return key.is_some_and(|k| is_label_key(k.trim())) && values.split(',').all(|v| is_label_value(v.trim()));
    }
    if let Some(key) = text.strip_prefix('!') {
        return is_label_key(key.trim());
    }
    let pair = text.split_once("!=").or_else(|| text.split_once("==")).or_else(|| text.split_once('='));
    match pair {
        Some((key, value)) => is_label_key(key.trim()) && is_label_value(value.trim()),
        None => is_label_key(text),
    }
}

fn is_label_key(key: &str) -> bool {
    match key.split_once('/') {
        Some((prefix, name)) => is_name(prefix, "-.", 253) && !name.is_empty() && is_label_value(name),
        None => !key.is_empty() && is_label_value(key),
    }
}

fn is_label_value(value: &str) -> bool {
    let edge = |c: char| c.is_ascii_alphanumeric();
    let inner = |c: char| edge(c) || "-_.".contains(c);
    value.is_empty()
        || (value.len() <= 63 && value.chars().all(inner) && value.starts_with(edge) && value.ends_with(edge))
}
