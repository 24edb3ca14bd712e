//! What can be done with a bulb that runs, wherever it runs.

/// The methods that bulbs on sockets and bulbs in memory have in common.
macro_rules! handle_methods {
    ($bulb:ident) => {
        impl $bulb {
            /// Its id.
            pub fn id(&self) -> BulbId {
                self.id
            }

            /// Its model.
            pub fn model(&self) -> &str {
                &self.model
            }

            /// What it has seen, refused and done so far.
            pub fn report(&self) -> Report {
                self.running.0.look(|machine| machine.report())
            }

            /// The value of a property: a number or a text. `None` where the bulb does not have it.
            pub fn property(&self, name: &str) -> Option<Value> {
                self.running.0.look(|machine| machine.property(name))
            }

            /// Changes a property as by a hand on the bulb; clients are told of it.
            ///
            /// # Errors
            /// When the value is neither a number nor a text, or does not fit a known property.
            pub fn set_property(
                &self,
                name: &str,
                value: impl Into<Value>,
            ) -> Result<(), PropertyError> {
                self.running.0.act(|machine, now| machine.set_property(now, name, value))
            }

            /// Changes everything that goes wrong, and begins with the new seed; commands are
            /// counted anew.
            pub fn set_faults(&self, faults: Faults) {
                self.running.0.act(|machine, _| machine.set_faults(faults));
            }

            /// Changes what it says nothing to, and nothing else of what goes wrong.
            pub fn set_silence(&self, silence: Silence) {
                self.running.0.act(|machine, _| machine.set_silence(silence));
            }

            /// Switches LAN control on or off. Off ends all connections, refuses new ones, and leaves
            /// searches without an answer.
            pub fn set_lan_control(&self, on: bool) {
                self.running.0.act(|machine, now| machine.set_lan_control(now, on));
                self.running.0.switched.notify_one();
            }

            /// Ends all connections without a word, as when the network goes away for a moment.
            pub fn reset_connections(&self) {
                self.running.0.act(|machine, now| machine.reset_connections(now));
            }

            /// Switches it off and on at the wall; see
            /// [`Machine::power_cycle`](crate::yeelight::Machine::power_cycle).
            pub fn power_cycle(&self) {
                self.running.0.act(|machine, now| machine.power_cycle(now));
            }
        }
    };
}
