//! Writes manifests into a directory, and never over what somebody edited.

use std::fs;
use std::io;
use std::path::Path;

/// What became of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is new.
    New,
    /// It was there, with the same content.
    Same,
    /// It was there with another content, and stays as it was.
    Kept,
    /// It was there with another content, and was written again.
    Replaced,
}

/// Writes one file, whole or not at all. A file with another content stays as it is unless `overwrite`.
pub fn write(path: &Path, text: &str, overwrite: bool) -> io::Result<Outcome> {
    let outcome = match fs::read(path) {
        Ok(old) if old == text.as_bytes() => return Ok(Outcome::Same),
        Ok(_) if !overwrite => return Ok(Outcome::Kept),
        Ok(_) => Outcome::Replaced,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Outcome::New,
        Err(error) => return Err(error),
    };
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".unfinished");
    fs::write(&unfinished, text)?;
    fs::rename(&unfinished, path)?;
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn a_file_is_new_the_same_kept_or_replaced() {
        let folder = Scratch::new("files");
        let path = folder.join("a.yaml");
        assert_eq!(write(&path, "one", false).unwrap(), Outcome::New);
        assert_eq!(write(&path, "one", false).unwrap(), Outcome::Same);
        assert_eq!(write(&path, "two", false).unwrap(), Outcome::Kept);
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        assert_eq!(write(&path, "two", true).unwrap(), Outcome::Replaced);
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), fs::read_dir(&*folder).unwrap().count()), ("two", 1));
        assert!(write(&folder.join("none/a.yaml"), "x", false).is_err());
    }
}
