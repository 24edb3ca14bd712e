//! What the reader is told, each thing once.

use super::driver::Driver;
use super::event::{Change, Event, Origin};
use super::memory::{Came, News};
use super::plan::Target;
use super::queue::Subject;
use crate::home::answer::Answer;
use crate::home::error::Error;

impl Driver {
    /// What a property is by now. Whether that is a change.
    pub(super) fn tell(
        &mut self,
        target: Target,
        answer: Answer,
        came: Came,
        from: Origin,
    ) -> bool {
        let Answer { property, id, value: Some(value), shown, .. } = answer else { return false };
        let Some(aimed) = self.aims.get_mut(&target) else { return false };
        aimed.troubled.remove(&property);
        let Some(news) = self.memory.take(target, &property, &value, came) else { return false };
        let subject = Subject::Property(target, property.clone());
        let (device, is_first) = (aimed.aim.device.clone(), news == News::First);
        let change = Change { device, property, id, value, shown, from, is_first };
        self.queue.push(subject, Event::Change(change));
        true
    }

    pub(super) fn silent(&mut self, target: Target, error: Error) {
        let Some(aimed) = self.aims.get_mut(&target) else { return };
        if !std::mem::replace(&mut aimed.is_silent, true) {
            let device = aimed.aim.device.clone();
            self.queue.push(Subject::Device(target), Event::Failed { device, error });
        }
    }

    /// A property is not to be had. Of those that nobody named it is not worth telling.
    pub(super) fn trouble(&mut self, target: Target, property: Box<str>, error: Error) {
        let Some(aimed) = self.aims.get_mut(&target) else { return };
        if aimed.aim.wanted.is_some() && aimed.troubled.insert(property.clone()) {
            let device = aimed.aim.device.clone();
            let error = error.of(&device.name());
            let subject = Subject::Trouble(target, property);
            self.queue.push(subject, Event::Failed { device, error });
        }
    }
}
