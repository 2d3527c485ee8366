//! Host names and patterns of them.

use url::Host;

/// A host name, or a pattern of host names; lower case, without a final dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// Every name.
    Any,
    /// One name.
    Name(String),
    /// Every name that ends so; the text begins with a dot.
    Below(String),
    /// Every name whose first label begins with `before` and ends with `after`, and whose other labels are `rest`,
    /// which begins with a dot.
    Label { before: String, after: String, rest: String },
}

impl Pattern {
    /// Returns the pattern of an entry with a `*`; `None` if the `*` is not in its first label alone.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Any);
        }
        let (label, rest) = text.split_once('.')?;
        let (before, after) = label.split_once('*')?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let Host::Domain(rest) = Host::parse(rest).ok()? else {
            return None;
        };
        if rest.contains('*') || !before.bytes().chain(after.bytes()).all(plain) {
            return None;
        }
        let rest = format!(".{}", without_final_dot(&rest)?);
        if before.is_empty() && after.is_empty() {
            return Some(Self::Below(rest));
        }
        Some(Self::Label { before: before.to_ascii_lowercase(), after: after.to_ascii_lowercase(), rest })
    }

    /// Returns true if the pattern matches `name`, which is in lower case and has no final dot.
    pub(super) fn matches(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Name(exact) => name == exact,
            Self::Below(rest) => name.strip_suffix(rest.as_str()).is_some_and(|head| !head.is_empty()),
            Self::Label { before, after, rest } => name
                .strip_suffix(rest.as_str())
                .and_then(|head| head.strip_prefix(before.as_str()))
                .and_then(|head| head.strip_suffix(after.as_str()))
                .is_some_and(|middle| !middle.contains('.')),
        }
    }
}

/// Returns a name without the dot that marks a name as complete; `None` if nothing but dots would be left.
pub(super) fn without_final_dot(name: &str) -> Option<&str> {
    let name = name.strip_suffix('.').unwrap_or(name);
    (!name.is_empty() && !name.ends_with('.')).then_some(name)
}
