//! The arguments of `kubectl pam get`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::into_secret::SecretKey;
use super::target::Target;
use crate::connection::LoginArgs;
use crate::consent::YesArgs;
use crate::dry_run::DryRun;
use crate::exit::{Exit, Failure};
use crate::objects::ConnectionName;
use crate::output::OutputArgs;

/// The field that holds the value.
const PASSWORD: &str = "password";

/// The fields that can be printed alone.
const FIELDS: [&str; 8] = [PASSWORD, "id", "identifier", "username", "hostname", "ip", "type", "change"];

/// Show what the PAM's list says of a record; its value only with --reveal
///
/// Without --reveal only the list is read, which shows no value and changes nothing. With --reveal the PAM hands the value out:
/// it gives the client custody of the record, notes the read in its audit, and may rotate the password because of it.
#[derive(Args, Clone, Debug)]
pub struct GetArgs {
    /// The record: its id, username@hostname, or the name of a PamCredential
    #[arg(id = "credential", value_name = "ID|USERNAME@HOSTNAME|NAME")]
    pub target: Target,
    #[command(flatten)]
    pub output: OutputArgs,
    /// Print this field alone; the password only with --reveal, and into a pipe exactly as it is, without a line break
    #[arg(long, value_name = "FIELD", value_parser = PossibleValuesParser::new(FIELDS), conflicts_with_all = ["format", "no_headers"])]
    pub field: Option<String>,
    /// Read the value: to a terminal, into a pipe with --field password, or into a Secret with --to-secret
    #[arg(long, conflicts_with_all = ["format", "no_headers"])]
    pub reveal: bool,
    /// Write the value into this key of a Secret that exists, with your own rights, and print nothing [default key: password]
    #[arg(long, value_name = "NAME[:KEY]", requires = "reveal", conflicts_with = "field")]
    pub to_secret: Option<SecretKey>,
    /// With --to-secret: say what would be done; nothing is read, and nothing is written
    #[arg(long, value_enum, value_name = "WHERE", num_args = 0..=1, require_equals = true, default_missing_value = "client", requires = "to_secret", conflicts_with = "release")]
    pub dry_run: Option<DryRun>,
    /// Open an encrypted answer with this key: RSA in PEM, as the PAM let it be downloaded for the authorization
    #[arg(long, value_name = "FILE", requires = "reveal")]
    pub private_key: Option<PathBuf>,
    /// Take the answer for the value although it looks like a ciphertext
    #[arg(long, requires = "reveal", conflicts_with = "private_key")]
    pub not_encrypted: bool,
    /// Give the custody of the record back; where the vault rotates the record, it replaces the password then
    #[arg(long, conflicts_with_all = ["format", "no_headers"])]
    pub release: bool,
    #[command(flatten)]
    pub yes: YesArgs,
    /// The connection: its name, or KIND/NAME [default: default; for a PamCredential its own]
    #[arg(long, value_name = "[KIND/]NAME", help_heading = "Access to the PAM")]
    pub connection: Option<ConnectionName>,
    #[command(flatten)]
    pub login: LoginArgs,
}

impl GetArgs {
    /// Refuses what the command line cannot say by itself. Where an argument is given that excludes another one, clap no longer
    /// asks for that other one.
    pub fn check(&self) -> Result<(), Failure> {
        let of_value = self.field.as_deref() == Some(PASSWORD);
        let only_of_reads = self.to_secret.is_some() || self.private_key.is_some() || self.not_encrypted;
        match (&self.field, self.reveal || self.release) {
            _ if only_of_reads && !self.reveal => Err(usage(
                "--to-secret, --private-key and --not-encrypted are for --reveal: give it too, or leave them out",
            )),
            _ if self.dry_run.is_some() && self.to_secret.is_none() => {
                Err(usage("--dry-run is for --to-secret: nothing else of this command writes to Kubernetes"))
            }
            (Some(_), false) if of_value => Err(usage("the password is read with --reveal only: give --reveal too")),
            (Some(_), true) if !(of_value && self.reveal) => {
                Err(usage("--field with another field than password shows the list: leave --reveal and --release out"))
            }
            _ => Ok(()),
        }
    }
}

/// Returns a failure of the command line.
pub fn usage(message: &str) -> Failure {
    Failure::new(Exit::Usage, message)
}
