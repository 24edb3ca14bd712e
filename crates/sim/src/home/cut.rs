//! A LAN that is cut.

use crate::home::member::Member;

/// A LAN that is cut, for one device or for all. It is mended when this is dropped.
#[derive(Debug)]
pub struct LanCut<'a> {
    members: Vec<&'a Member>,
}

impl<'a> LanCut<'a> {
    pub(crate) fn new(members: Vec<&'a Member>) -> Self {
        for member in &members {
            member.set_cut(true);
        }
        Self { members }
    }
}

impl Drop for LanCut<'_> {
    fn drop(&mut self) {
        for member in &self.members {
            member.set_cut(false);
        }
    }
}
