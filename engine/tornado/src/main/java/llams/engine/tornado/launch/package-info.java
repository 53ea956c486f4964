/// What lowering produces and what runs it: blocks of device memory, launches, and the door [Launcher].
///
/// | file | what it holds |
/// |---|---|
/// | [DeviceBlock] | a large array on the device |
/// | [Ref] | a position in a block |
/// | [Launch] | a kernel or product, its blocks and parameters |
/// | [MatrixProduct] | a batched matrix product with strides |
/// | [Launcher] | the door: memory, copies, prepared launches |
/// | [LaunchMode] | how launches reach the device, as chosen by a setting |
/// | [Profile] | where a session's time goes |
/// | [Gpu] | what TornadoVM says about its device |
package llams.engine.tornado.launch;
