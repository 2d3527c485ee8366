//! Names of the groups of fields: each is sent, and has a digest in the status, by itself.

/// The name.
pub const NAME: &str = "name";
/// The username, from the spec or from a Secret.
pub const USERNAME: &str = "username";
/// The address.
pub const URL: &str = "url";
/// The notes.
pub const NOTES: &str = "notes";
/// The tags of the spec.
pub const TAGS: &str = "tags";
/// The value.
pub const CONTENT: &str = "content";
/// The seed of one-time passwords.
pub const TOTP: &str = "secretKey";
/// The users with whom the entry is shared.
pub const USERS_ALLOWED: &str = "usersAllowed";
/// The groups with which the entry is shared.
pub const GROUPS_ALLOWED: &str = "groupsAllowed";
/// Whether the entry is active. It is not sent with the others, but by calls of its own.
pub const ACTIVE: &str = "active";

/// The groups whose digests are keyed where they come from Secrets.
pub const KEYED: [&str; 3] = [USERNAME, CONTENT, TOTP];
/// The groups that send e-mail to those they name.
pub const SHARES: [&str; 2] = [USERS_ALLOWED, GROUPS_ALLOWED];

/// Returns what the keyed digest of a group is made for. It is another text than a credential's: an object of either kind
/// may have the same name, and equal digests would tell that both hold the same value.
#[must_use]
pub fn digest_field(group: &str) -> String {
    format!("mysafe/{group}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_of_two_groups_or_of_a_credential_have_different_digests() {
        let fields = KEYED.map(digest_field);
        for (number, field) in fields.iter().enumerate() {
            assert!(!fields[..number].contains(field) && !KEYED.contains(&field.as_str()), "{field}");
        }
    }
}
