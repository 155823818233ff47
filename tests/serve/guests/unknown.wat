;; Needs a call that Terrarium never had.
(module
  (import "env" "hostcall_req_rewind" (func (param i32) (result i32)))
  (import "env" "hostcall_resp_set_response_code" (func (param i32 i32) (result i32)))
  (memory 1)
  (func (export "run")))
