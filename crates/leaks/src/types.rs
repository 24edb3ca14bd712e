//! What there is to print.

use std::collections::BTreeSet;
use std::path::Path;

/// The names of the public types in these sources.
pub fn public_types(sources: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut folders = vec![sources.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            for line in std::fs::read_to_string(&path).unwrap().lines() {
                let item = line.strip_prefix("pub struct ").or(line.strip_prefix("pub enum "));
                if let Some(item) = item {
                    let end = item.find(|c: char| !c.is_alphanumeric()).unwrap_or(item.len());
                    names.insert(item[..end].to_owned());
                }
            }
        }
    }
    assert!(names.len() > 20, "{names:?}");
    names
}
