//! Comparing a text with the recorded digest of an earlier text.

/// Begins a recorded digest that is in doubt: a later write of the field has no answer. The digest of the last write that
/// was answered follows, if there was one.
const DOUBT: char = '?';
/// In the place of a keyed digest: the field was sent once and is no longer in the spec.
pub const REMOVED: &str = "removed";

/// How a text compares with a recorded digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compared {
    /// No digest is recorded.
    New,
    /// The text is the recorded one.
    Same,
    /// The text is another one.
    Changed,
    /// The digest was made with another key, so that nothing can be told.
    Unknown,
}

/// Whose key the digests in a status were made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DigestsOf {
    /// This operator's: it served the object last.
    Us,
    /// Another operator's, or this operator's before its key was lost.
    Another,
    /// There are none.
    Nobody,
}

impl DigestsOf {
    /// Returns whose key these recorded entries of what came from Secrets were made with.
    pub(super) fn of<'a, I: Iterator<Item = &'a String>>(recorded: impl Fn() -> I, keyed: &dyn Keyed) -> Self {
        if recorded().any(|digest| keyed.is_foreign(digest)) {
            Self::Another
        } else if recorded().any(|digest| keyed.is_own(digest)) {
            Self::Us
        } else {
            Self::Nobody
        }
    }

    /// Returns whether this operator says of an object that it does not serve the object any more: where it served the object
    /// last, no other one does. `may_go` says that only our finalizer keeps a deleted object, whose record stays as it is: that
    /// one may go, unless another operator serves it.
    #[must_use]
    pub const fn lets_us_tell(self, may_go: bool) -> bool {
        match self {
            Self::Us => true,
            Self::Nobody => may_go,
            Self::Another => false,
        }
    }
}

/// Makes and checks keyed digests of one object.
pub trait Keyed {
    /// Returns the digest of a text, separated by field.
    fn digest(&self, field: &str, text: &[u8]) -> String;

    /// Returns whether a digest was made with this key.
    fn made(&self, digest: &str) -> bool;

    /// Returns whether a digest that was made with this key is that of the text.
    fn is_of(&self, digest: &str, field: &str, text: &[u8]) -> bool;

    /// Compares a text with a recorded digest, whether or not the digest is in doubt.
    fn compare(&self, recorded: Option<&String>, field: &str, text: &[u8]) -> Compared {
        match recorded.map(|recorded| recorded.trim_start_matches(DOUBT)) {
            None | Some(REMOVED | "") => Compared::New,
            Some(digest) if !self.made(digest) => Compared::Unknown,
            Some(digest) if self.is_of(digest, field, text) => Compared::Same,
            Some(_) => Compared::Changed,
        }
    }

    /// Returns whether a recorded entry is a digest that was made with this key.
    fn is_own(&self, recorded: &str) -> bool {
        self.made(recorded.trim_start_matches(DOUBT))
    }

    /// Returns whether a recorded entry is a digest that was made with another key.
    fn is_foreign(&self, recorded: &str) -> bool {
        let digest = recorded.trim_start_matches(DOUBT);
        !digest.is_empty() && digest != REMOVED && !self.made(digest)
    }
}

/// Returns whether a text has the form that this or another version of the operator records: a digest that begins with
/// its version (`v1:`), alone or in doubt, or the mark of a removed field. Any other text says nothing.
#[must_use]
pub fn is_entry(recorded: &str) -> bool {
    let digest = recorded.trim_start_matches(DOUBT);
    let version = digest.strip_prefix('v').and_then(|rest| rest.split_once(':')).map(|(version, _)| version);
    let is_versioned = version.is_some_and(|version| version.parse::<u32>().is_ok());
    is_versioned || digest == REMOVED || (digest.is_empty() && is_in_doubt(recorded))
}

/// Returns whether a recorded digest is in doubt.
#[must_use]
pub fn is_in_doubt(recorded: &str) -> bool {
    recorded.starts_with(DOUBT)
}

/// Returns a recorded digest as one that is in doubt.
#[must_use]
pub fn in_doubt(recorded: Option<&String>) -> String {
    format!("{DOUBT}{}", recorded.map_or("", |recorded| recorded.trim_start_matches(DOUBT)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Digests that can be read: `k:{field}:{text}`.
    struct Plain;

    impl Keyed for Plain {
        fn digest(&self, field: &str, text: &[u8]) -> String {
            format!("k:{field}:{}", String::from_utf8_lossy(text))
        }

        fn made(&self, digest: &str) -> bool {
            digest.starts_with("k:")
        }

        fn is_of(&self, digest: &str, field: &str, text: &[u8]) -> bool {
            digest == self.digest(field, text)
        }
    }

    #[test]
    fn a_text_is_compared_with_the_last_answered_digest_whether_or_not_it_is_in_doubt() {
        let recorded = |text: &str| text.to_owned();
        let cases = [
            (None, Compared::New),
            (Some(REMOVED), Compared::New),
            (Some("k:f:text"), Compared::Same),
            (Some("k:g:text"), Compared::Changed),
            (Some("x:f:text"), Compared::Unknown),
        ];
        for (known, expected) in cases {
            let known = known.map(recorded);
            assert_eq!(Plain.compare(known.as_ref(), "f", b"text"), expected);
            let doubted = in_doubt(known.as_ref());
            assert_eq!(Plain.compare(Some(&doubted), "f", b"text"), expected, "{doubted}");
            assert!(is_in_doubt(&doubted) && !known.as_deref().is_some_and(is_in_doubt));
            assert_eq!(in_doubt(Some(&doubted)), doubted, "doubt is not added up");
            assert_eq!(Plain.is_foreign(&doubted), expected == Compared::Unknown);
        }
    }

    #[test]
    fn what_no_version_records_is_no_entry() {
        for (text, expected) in [
            ("v1:ff06744e:20c6a7", true),
            ("v12:00", true),
            ("?v1:ff06744e:20c6a7", true),
            ("?", true),
            (REMOVED, true),
            ("?removed", true),
            ("", false),
            ("x", false),
            ("v:x", false),
            ("vx:1", false),
        ] {
            assert_eq!(is_entry(text), expected, "{text}");
        }
    }
}
