-- CreateTable
CREATE TABLE "keypairs" (
    "id" UUID NOT NULL,
    "user_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "public_key" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "keypairs_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "flavors" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "vcpus" INTEGER NOT NULL,
    "ram_mb" INTEGER NOT NULL,
    "disk_gb" INTEGER NOT NULL,
    "ephemeral_gb" INTEGER NOT NULL DEFAULT 0,
    "swap_mb" INTEGER NOT NULL DEFAULT 0,
    "rxtx_factor" DOUBLE PRECISION NOT NULL DEFAULT 1,
    "is_public" BOOLEAN NOT NULL DEFAULT true,
    "is_disabled" BOOLEAN NOT NULL DEFAULT false,
    "description" TEXT,
    "extra_specs" JSONB NOT NULL DEFAULT '{}',
    "access" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "flavors_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "hosts" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "want_enabled" BOOLEAN NOT NULL DEFAULT true,
    "want_disabled_reason" TEXT,
    "wanted_revision" BIGINT NOT NULL DEFAULT 1,
    "agent_epoch" INTEGER NOT NULL DEFAULT 0,
    "agent_seq" INTEGER NOT NULL DEFAULT 0,
    "seen_at" TIMESTAMPTZ(3),
    "seen_facts" JSONB,
    "vcpus" INTEGER NOT NULL DEFAULT 0,
    "ram_mb" INTEGER NOT NULL DEFAULT 0,
    "disk_gb" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "hosts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "servers" (
    "id" UUID NOT NULL,
    "project_id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT,
    "hostname" TEXT NOT NULL,
    "availability_zone" TEXT,
    "want_host" TEXT,
    "image_id" UUID,
    "image" JSONB,
    "flavor" JSONB NOT NULL,
    "key_name" TEXT,
    "key" JSONB,
    "user_data" TEXT,
    "config_drive" BOOLEAN NOT NULL DEFAULT false,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "tags" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "hints" JSONB NOT NULL DEFAULT '{}',
    "want_networks" JSONB NOT NULL,
    "want_security_groups" JSONB NOT NULL DEFAULT '[]',
    "want_power" TEXT NOT NULL DEFAULT 'running',
    "want_deleted" BOOLEAN NOT NULL DEFAULT false,
    "want_reboots_soft" INTEGER NOT NULL DEFAULT 0,
    "want_reboots_hard" INTEGER NOT NULL DEFAULT 0,
    "locked" BOOLEAN NOT NULL DEFAULT false,
    "generation" INTEGER NOT NULL DEFAULT 1,
    "seen_generation" INTEGER NOT NULL DEFAULT 0,
    "seen_ports" JSONB,
    "fault" JSONB,
    "tries" INTEGER NOT NULL DEFAULT 0,
    "next_try_at" TIMESTAMPTZ(3),
    "last_error" TEXT,
    "lease_until" TIMESTAMPTZ(3),
    "reservation_id" TEXT NOT NULL,
    "launch_index" INTEGER NOT NULL DEFAULT 0,
    "request_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "launched_at" TIMESTAMPTZ(3),

    CONSTRAINT "servers_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "vms" (
    "id" UUID NOT NULL,
    "server_id" UUID NOT NULL,
    "host_id" UUID NOT NULL,
    "vcpus" INTEGER NOT NULL,
    "ram_mb" INTEGER NOT NULL,
    "disk_gb" INTEGER NOT NULL,
    "want_power" TEXT NOT NULL,
    "want_reboots_soft" INTEGER NOT NULL DEFAULT 0,
    "want_reboots_hard" INTEGER NOT NULL DEFAULT 0,
    "want_spec" JSONB NOT NULL,
    "generation" INTEGER NOT NULL,
    "revision" BIGINT NOT NULL,
    "request_id" TEXT NOT NULL,
    "seen_generation" INTEGER NOT NULL DEFAULT 0,
    "seen_power" TEXT NOT NULL DEFAULT 'absent',
    "seen_reboots_soft" INTEGER NOT NULL DEFAULT 0,
    "seen_reboots_hard" INTEGER NOT NULL DEFAULT 0,
    "seen_step" TEXT,
    "seen_fault" JSONB,
    "seen_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "vms_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "placements" (
    "id" UUID NOT NULL,
    "server_id" UUID NOT NULL,
    "generation" INTEGER NOT NULL,
    "host_id" UUID,
    "verdicts" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "placements_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "server_actions" (
    "id" UUID NOT NULL,
    "server_id" UUID NOT NULL,
    "action" TEXT NOT NULL,
    "request_id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "message" TEXT,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "server_actions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "asks" (
    "id" UUID NOT NULL,
    "host_id" UUID NOT NULL,
    "vm_id" UUID NOT NULL,
    "lines" INTEGER,
    "output" TEXT,
    "error" TEXT,
    "handed_at" TIMESTAMPTZ(3),
    "answered_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "asks_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "quotas" (
    "project_id" TEXT NOT NULL,
    "resource" TEXT NOT NULL,
    "limit" INTEGER NOT NULL,

    CONSTRAINT "quotas_pkey" PRIMARY KEY ("project_id","resource")
);

-- CreateIndex
CREATE UNIQUE INDEX "keypairs_user_id_name_key" ON "keypairs"("user_id", "name");

-- CreateIndex
CREATE UNIQUE INDEX "flavors_name_key" ON "flavors"("name");

-- CreateIndex
CREATE UNIQUE INDEX "hosts_name_key" ON "hosts"("name");

-- CreateIndex
CREATE INDEX "servers_project_id_created_at_id_idx" ON "servers"("project_id", "created_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "servers_created_at_id_idx" ON "servers"("created_at" DESC, "id" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "vms_server_id_key" ON "vms"("server_id");

-- CreateIndex
CREATE INDEX "vms_host_id_revision_idx" ON "vms"("host_id", "revision");

-- CreateIndex
CREATE INDEX "placements_server_id_created_at_idx" ON "placements"("server_id", "created_at");

-- CreateIndex
CREATE INDEX "server_actions_server_id_started_at_idx" ON "server_actions"("server_id", "started_at");

-- CreateIndex
CREATE UNIQUE INDEX "server_actions_server_id_request_id_key" ON "server_actions"("server_id", "request_id");

-- CreateIndex
CREATE INDEX "asks_host_id_created_at_idx" ON "asks"("host_id", "created_at");

-- AddForeignKey
ALTER TABLE "vms" ADD CONSTRAINT "vms_host_id_fkey" FOREIGN KEY ("host_id") REFERENCES "hosts"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
