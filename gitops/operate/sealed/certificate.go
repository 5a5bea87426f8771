package sealed

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/bitnami-labs/sealed-secrets/pkg/kubeseal"
	"k8s.io/client-go/tools/clientcmd"
)

// Certificate reads the public key to seal with from a file, or from the controller
// in the cluster of the current context. Sealing with another cluster's certificate
// makes Secrets that this cluster's controller cannot decrypt; it reports that on
// the SealedSecret.
func Certificate(ctx context.Context, file, namespace, name string) (key *rsa.PublicKey, err error) {
	r, err := open(ctx, file, namespace, name)
	if err != nil {
		return nil, fmt.Errorf("get the certificate to seal with: %w", err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	key, err = kubeseal.ParseKey(r)
	if err != nil {
		return nil, fmt.Errorf("read the certificate to seal with: %w", err)
	}
	return key, nil
}

// open returns the certificate in PEM. It is public: whoever has it can encrypt, only
// the controller can decrypt. The controller is reached as kubectl reaches the cluster,
// with the person's own rights; a pipeline without any has the file.
func open(ctx context.Context, file, namespace, name string) (io.ReadCloser, error) {
	if file != "" {
		return os.Open(file)
	}
	config := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(clientcmd.NewDefaultClientConfigLoadingRules(), &clientcmd.ConfigOverrides{})
	return kubeseal.OpenCert(ctx, config, namespace, name, "")
}
