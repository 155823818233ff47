module tour

go 1.21

require github.com/fastly/compute-sdk-go v1.4.2
