//! Answers on the disk.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;

/// A folder of answers.
#[derive(Clone, Debug)]
pub(super) struct Cache(PathBuf);

/// An answer, and when it was fetched: unix time in whole seconds.
pub(super) struct Stored {
    pub(super) fetched: Duration,
    pub(super) body: Vec<u8>,
}

impl Cache {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// What is there for an address. Whatever is wrong with it, there is nothing then.
    pub(super) fn load(&self, address: &str, longest: usize) -> Option<Stored> {
        let longest = u64::try_from(longest).ok()?;
        let file = File::open(self.0.join(file_name(address))).ok()?;
        // One byte more shows that there is more.
        let most = longest.saturating_add(HEAD).saturating_add(1);
        let mut file = BufReader::new(file.take(most));
        let (mut head, mut known) = (String::new(), String::new());
        (&mut file).take(HEAD).read_line(&mut head).ok()?;
        (&mut file).take(HEAD).read_line(&mut known).ok()?;
        let mut words = head.strip_prefix(MARK)?.strip_suffix('\n')?.split(' ');
        let (fetched, len): (u64, u64) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        if words.next().is_some() || known.strip_suffix('\n')? != address || len > longest {
            return None;
        }
        let mut body = Vec::new();
        file.read_to_end(&mut body).ok()?;
        let whole = u64::try_from(body.len()) == Ok(len);
        whole.then_some(Stored { fetched: Duration::from_secs(fetched), body })
    }

    /// Puts an answer in the place of what was there, whole or not at all. `mark` tells the file beside it from those
    /// of others.
    pub(super) fn save(
        &self,
        address: &str,
        fetched: Duration,
        body: &[u8],
        mark: u64,
    ) -> io::Result<()> {
        fs::create_dir_all(&self.0)?;
        let name = file_name(address);
        let beside = self.0.join(format!(".{name}.{mark:016x}"));
        let write = || {
            let mut file = File::create_new(&beside)?;
            writeln!(file, "{MARK}{} {}\n{address}", fetched.as_secs(), body.len())?;
            file.write_all(body)?;
            fs::rename(&beside, self.0.join(name))
        };
        write().inspect_err(|_| {
            let _ = fs::remove_file(&beside);
        })
    }
}

/// The end of the address, as far as it can stand in a name of a file. Two addresses may share one: the file says
/// which it is of.
fn file_name(address: &str) -> String {
    let tail = address.rsplit('/').next().unwrap_or_default();
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = tail.chars().map(plain).take(230).collect();
    format!("miot-{name}.cache")
}

/// With which every file begins; a later form has another number.
const MARK: &str = "iot-home-miot 1 ";

/// The most bytes of a line at the beginning.
const HEAD: u64 = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "https://spec.example/miot-spec-v2/instance?type=urn:a:device:b:1";

    fn cache(name: &str) -> Cache {
        let name = format!("iot-home-miot-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&folder);
        Cache::new(folder)
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let cache = cache("saved");
        assert!(cache.load(ADDRESS, 100).is_none());
        for (seconds, body) in [(5, "first\nof all"), (7, "second")] {
            cache.save(ADDRESS, Duration::from_secs(seconds), body.as_bytes(), 1).unwrap();
            let stored = cache.load(ADDRESS, 100).unwrap();
            assert_eq!((stored.fetched.as_secs(), stored.body), (seconds, body.into()));
        }
        assert_eq!(fs::read_dir(&cache.0).unwrap().count(), 1, "nothing is left beside it");
        assert!(cache.load(ADDRESS, 5).is_none(), "longer than it may be");
        let other = ADDRESS.replace("https://spec", "https://mirror");
        assert!(cache.load(&other, 100).is_none(), "another server's");
        let alike = ADDRESS.replace("urn:a", "urn.a");
        assert_eq!(file_name(&alike), file_name(ADDRESS));
        assert!(cache.load(&alike, 100).is_none(), "another address of the same file");
        fs::remove_dir_all(&cache.0).unwrap();
    }

    #[test]
    fn a_torn_or_foreign_file_is_none() {
        let cache = cache("torn");
        cache.save(ADDRESS, Duration::from_secs(5), b"the whole answer", 1).unwrap();
        let path = cache.0.join(file_name(ADDRESS));
        let whole = fs::read(&path).unwrap();
        for len in 0..whole.len() {
            fs::write(&path, &whole[..len]).unwrap();
            assert!(cache.load(ADDRESS, 100).is_none(), "{len} of {} bytes", whole.len());
        }
        let longer = [whole.as_slice(), b"!"].concat();
        let head = format!("iot-home-miot 1 5 {}\n{ADDRESS}\n", u64::MAX);
        for foreign in [&longer[..], b"{}", b"\xff\xfe", &[b'x'; 10_000], head.as_bytes()] {
            fs::write(&path, foreign).unwrap();
            assert!(cache.load(ADDRESS, 100).is_none());
        }
        fs::write(&path, &whole).unwrap();
        assert!(cache.load(ADDRESS, 100).is_some());
        fs::remove_dir_all(&cache.0).unwrap();
    }

    #[test]
    fn a_name_leads_nowhere_else() {
        for address in
            ["https://h/../../etc/passwd", "https://h/..", "https://h/a?b=..\\c:d%2f", ""]
        {
            let name = file_name(address);
            assert!(name.len() < 240 && name.ends_with(".cache") && !name.starts_with('.'));
            assert!(!name.contains(['/', '\\', ':', '%']), "{name}");
        }
    }

    #[test]
    fn what_cannot_be_written_leaves_what_was_there() {
        let cache = cache("refused");
        cache.save(ADDRESS, Duration::from_secs(5), b"first", 1).unwrap();
        // The file beside it cannot be made, since one of its name is there.
        let beside = cache.0.join(format!(".{}.{:016x}", file_name(ADDRESS), 2));
        fs::write(beside, "another's").unwrap();
        assert!(cache.save(ADDRESS, Duration::from_secs(6), b"second", 2).is_err());
        assert_eq!(cache.load(ADDRESS, 100).unwrap().body, b"first");
        fs::remove_dir_all(&cache.0).unwrap();
    }
}
