//! What can be done with a platform that runs, wherever it runs.

/// The methods that platforms on sockets and platforms in memory have in common.
macro_rules! handle_methods {
    ($platform:ident) => {
        impl $platform {
            /// What it has seen, refused and done so far.
            pub fn report(&self) -> Report {
                self.running.0.look(|machine, _| machine.report())
            }

            /// The last messages from clients and to them; see [`Machine::messages`].
            pub fn messages(&self) -> Vec<Message> {
                self.running.0.look(|machine, _| machine.messages().cloned().collect())
            }

            /// Looks at the platform's inside, which stands still meanwhile: the closure has to be short, and
            /// must not call the platform itself.
            pub fn look<T>(&self, look: impl FnOnce(&Machine) -> T) -> T {
                self.running.0.look(|machine, _| look(machine))
            }

            /// Waits until the platform is as is wished, which is looked at as by [`look`](Self::look) whenever
            /// something happens. It has no deadline of its own.
            ///
            /// # Cancel safety
            /// Nothing is lost when the future is dropped.
            pub async fn until(&self, is_so: impl FnMut(&Machine) -> bool) {
                self.running.0.until(is_so).await;
            }

            /// Publishes a message as the platform; see [`Machine::publish`].
            pub fn publish(&self, topic: &str, payload: impl AsRef<[u8]>, qos: u8) -> usize {
                self.running
                    .0
                    .act(|machine, now| machine.publish(now, topic, payload.as_ref(), qos))
            }

            /// Asks a device to set properties; see [`Machine::set_properties`].
            ///
            /// # Errors
            /// When the platform has no such device.
            pub fn set_properties(
                &self,
                device: impl Into<DeviceId>,
                params: &Value,
            ) -> Result<String, UnknownDevice> {
                self.running
                    .0
                    .act(|machine, now| machine.set_properties(now, &device.into(), params))
            }

            /// What a device has reported of itself: the last value of each property.
            pub fn reported(&self, device: impl Into<DeviceId>) -> Map<String, Value> {
                let device = device.into();
                self.look(|machine| machine.reported(&device))
            }

            /// Asks a device for a service or an action; see [`Machine::call_service`].
            ///
            /// # Errors
            /// When the platform has no such device.
            pub fn call_service(
                &self,
                device: impl Into<DeviceId>,
                service: &str,
                params: &Value,
            ) -> Result<String, UnknownDevice> {
                let device = device.into();
                self.running
                    .0
                    .act(|machine, now| machine.call_service(now, &device, service, params))
            }

            /// What the device answered to the request of this id, once it has.
            ///
            /// # Cancel safety
            /// Nothing is lost when the future is dropped.
            pub async fn answer_to(&self, id: &str) -> Value {
                let mut answer = None;
                self.until(|machine| {
                    answer = machine.answer_to(id);
                    answer.is_some()
                })
                .await;
                answer.unwrap_or_default()
            }

            /// Other values are wanted of a device; see [`Machine::desire`].
            ///
            /// # Errors
            /// When the platform has no such device.
            pub fn desire(
                &self,
                device: impl Into<DeviceId>,
                values: &Map<String, Value>,
            ) -> Result<(), UnknownDevice> {
                self.running.0.act(|machine, now| machine.desire(now, &device.into(), values))
            }

            /// There is firmware for a device; see [`Machine::offer_firmware`].
            ///
            /// # Errors
            /// When the platform has no such device.
            pub fn offer_firmware(
                &self,
                device: impl Into<DeviceId>,
                firmware: Value,
            ) -> Result<(), UnknownDevice> {
                let device = device.into();
                self.running.0.act(|machine, now| machine.offer_firmware(now, &device, firmware))
            }

            /// Gives a device a configuration, and pushes it; see [`Machine::push_config`].
            ///
            /// # Errors
            /// When the platform has no such device.
            pub fn push_config(
                &self,
                device: impl Into<DeviceId>,
                config: Value,
            ) -> Result<(), UnknownDevice> {
                self.running.0.act(|machine, now| machine.push_config(now, &device.into(), config))
            }

            /// What is kept of a device.
            pub fn thing(&self, device: impl Into<DeviceId>) -> ThingState {
                let device = device.into();
                self.look(|machine| machine.thing(&device))
            }

            /// Asks a device something by RRPC, and waits for the answer for so long.
            ///
            /// # Errors
            /// When the device cannot be asked, or does not answer in time.
            ///
            /// # Cancel safety
            /// When the future is dropped the question was asked all the same.
            pub async fn rrpc(
                &self,
                device: impl Into<DeviceId>,
                payload: impl AsRef<[u8]>,
                within: Duration,
            ) -> Result<Vec<u8>, RrpcError> {
                let device = device.into();
                let ask = |machine: &mut Machine, now| {
                    machine.rrpc(now, &device, payload.as_ref(), within)
                };
                self.running.0.call(ask).await
            }

            /// What the platform's wall clock shows: the time since 1970-01-01 00:00 UTC.
            pub fn time(&self) -> Duration {
                self.running.0.look(Machine::time)
            }

            /// Sets the platform's wall clock, by which credentials expire. Timers are not touched.
            pub fn set_time(&self, time: Duration) {
                self.running.0.act(|machine, now| machine.set_time(now, time));
            }

            /// Puts the platform's wall clock forward. Timers are not touched.
            pub fn advance(&self, by: Duration) {
                self.running.0.act(|machine, now| machine.advance(now, by));
            }

            /// Changes everything that goes wrong, and begins with the new seed; bytes are counted anew.
            pub fn set_faults(&self, faults: Faults) {
                self.running.0.act(|machine, _| machine.set_faults(faults));
            }

            /// Lets a file be fetched over HTTP; see [`Machine::put_file`].
            pub fn put_file(&self, name: impl Into<String>, bytes: impl Into<Vec<u8>>) {
                let (name, bytes) = (name.into(), bytes.into());
                self.running.0.act(|machine, _| machine.put_file(name, bytes));
            }

            /// Lets every address of a file that was told so far expire.
            pub fn expire_links(&self) {
                self.running.0.act(|machine, _| machine.expire_links());
            }

            /// Ends all connections without a word, as when the network goes away for a moment.
            pub fn disconnect_all(&self) {
                self.running.0.act(Machine::disconnect_all);
            }
        }
    };
}
