//! Names of the groups of fields that a rule tells apart. The digests in status, and the groups in the API's table of
//! fields, have these names.

/// Hostname and ip, and the username where the spec has the username.
pub const ACCOUNT: &str = "account";
/// A username from a Secret.
pub const USERNAME: &str = "username";
/// The value.
pub const CONTENT: &str = "content";
/// The seed of one-time passwords.
pub const TOTP: &str = "secretKey";
/// The further fields of a login, with their values.
pub const LOGIN_FIELDS: &str = "additionalAuthenticationFields";
/// The groups whose digests are keyed, since they come from Secrets.
pub const KEYED: [&str; 4] = [USERNAME, CONTENT, TOTP, LOGIN_FIELDS];
/// The settings of the device.
pub const DEVICE: &str = "device";
