//! Patterns that fields of several kinds share. Each is a regular expression of the schema, so that the API server refuses
//! what does not match.

/// A name of a Kubernetes object, as the API server bounds it.
pub(super) const OBJECT_NAME: &str = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$";
/// A key in a Secret's or ConfigMap's data, as the API server bounds it.
pub(super) const DATA_KEY: &str = r"^[-._a-zA-Z0-9]+$";
/// Text that fits into a line of an HTTP header.
pub(super) const HEADER_TEXT: &str = r"^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$";
/// Text without control characters and without blanks at its ends: the PAM stores what it gets, so a stray
/// blank would become part of an account's name.
pub(super) const CLEAN_TEXT: &str = r"^[^\pZ\p{Cc}]([^\p{Cc}]*[^\pZ\p{Cc}])?$";
/// As [`CLEAN_TEXT`], and without the comma that joins list items on the wire (API 7 #33).
pub(super) const LIST_ITEM: &str = r"^[^\pZ,\p{Cc}]([^,\p{Cc}]*[^\pZ,\p{Cc}])?$";
