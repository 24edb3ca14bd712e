//! Watching all devices of a home, whoever comes and goes.

use std::collections::BTreeSet;

use super::ask::Aim;
use super::driver::Driver;
use super::plan::Target;
use crate::DeviceKey;
use crate::home::device::Device;

impl Driver {
    /// Watches all devices that the home knows, and from now on whoever it comes to know.
    pub(super) fn join_all(&mut self) {
        self.members = Some(self.shared.members.subscribe());
        self.join();
    }

    /// Takes in who is new. Whoever has turned out to be a device that was known longer is that one from now on.
    pub(super) fn join(&mut self) {
        let known: BTreeSet<DeviceKey> =
            self.shared.state().household.devices().map(|(key, _)| key).collect();
        let watched: BTreeSet<DeviceKey> =
            self.aims.values().map(|aimed| aimed.aim.device.key()).collect();
        let gone = self.aims.iter().filter(|(_, aimed)| !known.contains(&aimed.aim.device.key()));
        for target in gone.map(|(target, _)| *target).collect::<Vec<_>>() {
            self.leave(target);
        }
        for key in known.difference(&watched) {
            let device = Device::new(&self.shared, *key);
            self.add(|target| Aim { target, device, wanted: None });
        }
    }

    fn leave(&mut self, target: Target) {
        self.aims.remove(&target);
        self.memory.forget(target);
        self.queue.forget(target);
        for feed in self.plan.remove(target) {
            if let Some(task) = self.ears.remove(&feed).and_then(|ear| ear.task) {
                task.abort();
            }
        }
    }
}
