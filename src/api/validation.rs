//! Patterns that fields of several kinds share. Each is a regular expression of the schema, so that the API server refuses
//! what does not match.

/// A name of a Kubernetes object, as the API server bounds it.
pub(super) const OBJECT_NAME: &str = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$";
/// A key in a Secret's or ConfigMap's data, as the API server bounds it.
pub(super) const DATA_KEY: &str = r"^[-._a-zA-Z0-9]+$";
/// Several lines, but no other control characters.
pub(super) const FREE_TEXT: &str = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+$";
/// Text that fits into a line of an HTTP header.
pub(super) const HEADER_TEXT: &str = r"^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$";
/// A pattern of text that is made of characters that can be seen, with blanks (U+0020) between them. The PAM stores what
/// it gets, so that a stray character would make another account's name that looks the same. What cannot be seen is white
/// space, control and format characters, fillers, joiners and variation selectors; `src/domain/text.rs` has the same rule
/// for names that come from Secrets. `$without` is a further character that the text must not have.
macro_rules! seen_text {
    ($without:literal) => {
        concat!(
            "^",
            seen_text!(@seen $without),
            "+( +",
            seen_text!(@seen $without),
            "+)*$"
        )
    };
    (@seen $without:literal) => {
        concat!(
            r"[^",
            $without,
            r"\pZ\p{Cc}\p{Cf}\x{34f}\x{115f}\x{1160}\x{17b4}\x{17b5}\x{180b}-\x{180f}\x{2065}\x{2800}\x{3164}",
            r"\x{fe00}-\x{fe0f}\x{ffa0}\x{fff0}-\x{fff8}\x{e0000}-\x{e0fff}]"
        )
    };
}

/// Text without characters that cannot be seen, and without blanks at its ends.
pub(super) const CLEAN_TEXT: &str = seen_text!("");
/// As [`CLEAN_TEXT`], and without the comma that joins list items on the wire (API 7 #33).
pub(super) const LIST_ITEM: &str = seen_text!(",");
