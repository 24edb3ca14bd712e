//! Where a session is kept.

use std::error::Error as StdError;
use std::path::{Path, PathBuf};

use iot_home_core::file::{read_private, write_private};
use iot_home_core::{Random as _, SystemRandom};

use super::error::{Cause, Error};
use crate::Session;

/// A file with a session in it, which its owner alone may read (mode 0600).
///
/// It is written whole or not at all: first beside it, then in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionFile(PathBuf);

impl SessionFile {
    /// The file at this path, whether it is there or not.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The session in it; none where there is no such file.
    ///
    /// # Errors
    /// [`File`](super::ErrorKind::File) when it cannot be read, or holds no session. What it holds is not part of the error.
    pub fn load(&self) -> Result<Option<Session>, Error> {
        let text = read_private(&self.0, LONGEST).map_err(|error| self.failed("read", error))?;
        let Some(text) = text else { return Ok(None) };
        Session::from_json(text.expose()).map(Some).map_err(|error| self.failed("used", error))
    }

    /// Puts a session into it, in place of what was there.
    ///
    /// # Errors
    /// [`File`](super::ErrorKind::File) when it cannot be written. Then what was there is still there.
    pub fn save(&self, session: &Session) -> Result<(), Error> {
        self.write(session, SystemRandom::new().next_u64())
    }

    /// The same; `mark` tells the file beside it from others.
    pub(super) fn write(&self, session: &Session, mark: u64) -> Result<(), Error> {
        let json = session.expose_json();
        write_private(&self.0, json.expose().as_bytes(), mark)
            .map_err(|error| self.failed("written", error))
    }

    fn failed(
        &self,
        doing: &'static str,
        error: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Error {
        Error::new(Cause::File { path: self.0.clone(), doing, source: error.into() })
    }
}

/// Far more than a session with every service has.
const LONGEST: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use std::fs;

    use iot_home_core::Secret;

    use super::SessionFile;
    use crate::client::ErrorKind;
    use crate::{DeviceId, ServiceKeys, Session};

    const TOKEN: &str = "V1:made-up-passToken";

    fn session(token: &str) -> Session {
        let device_id: DeviceId = "ABCDEFGHIJKLMNOP".parse().unwrap();
        let mut session = Session::new(device_id, "1234567890");
        session.pass_token = Some(Secret::new(token.to_owned()));
        let keys =
            ServiceKeys::new("AAECAwQFBgcICQoLDA0ODw==".parse().unwrap(), "made-up".to_owned());
        session.services.insert("xiaomiio".to_owned(), keys);
        session
    }

    fn folder(name: &str) -> std::path::PathBuf {
        let folder =
            std::env::temp_dir().join(format!("iot-home-micloud-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let folder = folder("saved");
        let file = SessionFile::new(folder.join("session.json"));
        assert_eq!(file.load().unwrap(), None);
        file.save(&session(TOKEN)).unwrap();
        file.save(&session("V1:another")).unwrap();
        assert_eq!(file.load().unwrap(), Some(session("V1:another")));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing is left beside it");
        fs::remove_dir_all(folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn its_owner_alone_reads_it() {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

        let folder = folder("mode");
        let path = folder.join("session.json");
        // One that others could read is replaced, and not written into.
        fs::write(&path, "{}").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let before = fs::metadata(&path).unwrap().ino();
        SessionFile::new(&path).save(&session(TOKEN)).unwrap();
        let after = fs::metadata(&path).unwrap();
        assert_eq!(after.mode() & 0o777, 0o600);
        assert_ne!(after.ino(), before, "a new file took its place");
        symlink(&path, folder.join("link")).unwrap();
        SessionFile::new(folder.join("link")).save(&session("V1:another")).unwrap();
        assert!(fs::symlink_metadata(folder.join("link")).unwrap().is_symlink());
        assert_eq!(SessionFile::new(&path).load().unwrap(), Some(session("V1:another")));
        fs::remove_dir_all(folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn what_cannot_be_written_leaves_what_was_there() {
        let folder = folder("refused");
        let file = SessionFile::new(folder.join("session.json"));
        file.save(&session(TOKEN)).unwrap();
        // The file beside it cannot be made, since one of its name is there.
        fs::write(folder.join(format!(".session.json.{:016x}", 7)), "another's").unwrap();
        let error = file.write(&session("V1:another"), 7).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::File);
        assert_eq!(file.load().unwrap(), Some(session(TOKEN)));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn errors_name_the_file_and_not_what_it_holds() {
        let folder = folder("errors");
        let path = folder.join("session.json");
        for text in ["{\"version\":1,\"pass_token\":\"hush", "{\"version\":9}", "hush", ""] {
            fs::write(&path, text).unwrap();
            let error = SessionFile::new(&path).load().unwrap_err();
            let shown = format!("{error} {error:?}");
            assert_eq!(error.kind(), ErrorKind::File);
            assert!(shown.contains("session.json") && !shown.contains("hush"), "{shown}");
        }
        let error = SessionFile::new(&folder).save(&session(TOKEN)).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(TOKEN));
        let error = SessionFile::new(folder.join("no/such")).save(&session(TOKEN)).unwrap_err();
        assert!(error.to_string().contains("such cannot be written"), "{error}");
        fs::remove_dir_all(folder).unwrap();
    }
}
