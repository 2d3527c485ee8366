//! What users read about the key of the digests.

use crate::api::PUSH_VALUE_REQUESTED_AT;

/// Returns what a new key means for objects with digests of a former one.
pub(crate) fn replaced(objects: usize) -> String {
    format!(
        "the Secret had no digest key, so the operator created a new one; objects with digests of the former key: {objects}. A value that changed while the key was missing was not sent, and its object shows STATUS Adopted: push it with the annotation {PUSH_VALUE_REQUESTED_AT}. Find out which tool replaces this Secret, and keep a backup of the key"
    )
}
