-- CreateTable
CREATE TABLE "networks" (
    "id" UUID NOT NULL,
    "project_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "admin_state_up" BOOLEAN NOT NULL,
    "shared" BOOLEAN NOT NULL,
    "mtu" INTEGER NOT NULL,
    "port_security_enabled" BOOLEAN NOT NULL,
    "tags" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "generation" INTEGER NOT NULL DEFAULT 1,
    "seen_generation" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "networks_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "subnets" (
    "id" UUID NOT NULL,
    "project_id" TEXT NOT NULL,
    "network_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "ip_version" INTEGER NOT NULL,
    "cidr" TEXT NOT NULL,
    "gateway_ip" TEXT,
    "enable_dhcp" BOOLEAN NOT NULL,
    "dns_nameservers" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "host_routes" JSONB NOT NULL DEFAULT '[]',
    "allocation_pools" JSONB NOT NULL,
    "ipv6_address_mode" TEXT,
    "allocation_cursor" INET,
    "tags" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "generation" INTEGER NOT NULL DEFAULT 1,
    "seen_generation" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "subnets_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ports" (
    "id" UUID NOT NULL,
    "project_id" TEXT NOT NULL,
    "network_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "admin_state_up" BOOLEAN NOT NULL,
    "mac_address" TEXT NOT NULL,
    "device_id" TEXT NOT NULL,
    "device_owner" TEXT NOT NULL,
    "port_security_enabled" BOOLEAN NOT NULL,
    "allowed_address_pairs" JSONB NOT NULL DEFAULT '[]',
    "binding_host_id" TEXT NOT NULL DEFAULT '',
    "binding_profile" JSONB NOT NULL DEFAULT '{}',
    "tags" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "generation" INTEGER NOT NULL DEFAULT 1,
    "seen_generation" INTEGER NOT NULL DEFAULT 0,
    "seen_up" BOOLEAN NOT NULL DEFAULT false,
    "seen_host" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "ports_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "fixed_ips" (
    "subnet_id" UUID NOT NULL,
    "address" INET NOT NULL,
    "port_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,

    CONSTRAINT "fixed_ips_pkey" PRIMARY KEY ("subnet_id","address")
);

-- CreateTable
CREATE TABLE "security_groups" (
    "id" UUID NOT NULL,
    "project_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "stateful" BOOLEAN NOT NULL,
    "tags" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "generation" INTEGER NOT NULL DEFAULT 1,
    "seen_generation" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "security_groups_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "security_group_rules" (
    "id" UUID NOT NULL,
    "project_id" TEXT NOT NULL,
    "security_group_id" UUID NOT NULL,
    "description" TEXT NOT NULL,
    "direction" TEXT NOT NULL,
    "ethertype" TEXT NOT NULL,
    "protocol" TEXT,
    "port_range_min" INTEGER,
    "port_range_max" INTEGER,
    "remote_ip_prefix" TEXT,
    "remote_group_id" UUID,
    "generation" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "security_group_rules_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "port_security_groups" (
    "port_id" UUID NOT NULL,
    "security_group_id" UUID NOT NULL,

    CONSTRAINT "port_security_groups_pkey" PRIMARY KEY ("port_id","security_group_id")
);

-- CreateTable
CREATE TABLE "removals" (
    "kind" TEXT NOT NULL,
    "id" UUID NOT NULL,
    "removed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "removals_pkey" PRIMARY KEY ("kind","id")
);

-- CreateTable
CREATE TABLE "quotas" (
    "project_id" TEXT NOT NULL,
    "resource" TEXT NOT NULL,
    "limit" INTEGER NOT NULL,

    CONSTRAINT "quotas_pkey" PRIMARY KEY ("project_id","resource")
);

-- CreateIndex
CREATE INDEX "networks_project_id_id_idx" ON "networks"("project_id", "id");

-- CreateIndex
CREATE INDEX "subnets_project_id_id_idx" ON "subnets"("project_id", "id");

-- CreateIndex
CREATE INDEX "subnets_network_id_idx" ON "subnets"("network_id");

-- CreateIndex
CREATE INDEX "ports_project_id_id_idx" ON "ports"("project_id", "id");

-- CreateIndex
CREATE INDEX "ports_device_id_idx" ON "ports"("device_id");

-- CreateIndex
CREATE UNIQUE INDEX "ports_network_id_mac_address_key" ON "ports"("network_id", "mac_address");

-- CreateIndex
CREATE INDEX "fixed_ips_port_id_idx" ON "fixed_ips"("port_id");

-- CreateIndex
CREATE INDEX "security_groups_project_id_id_idx" ON "security_groups"("project_id", "id");

-- CreateIndex
CREATE INDEX "security_group_rules_project_id_id_idx" ON "security_group_rules"("project_id", "id");

-- CreateIndex
CREATE INDEX "security_group_rules_security_group_id_idx" ON "security_group_rules"("security_group_id");

-- CreateIndex
CREATE INDEX "security_group_rules_remote_group_id_idx" ON "security_group_rules"("remote_group_id");

-- CreateIndex
CREATE INDEX "port_security_groups_security_group_id_idx" ON "port_security_groups"("security_group_id");

-- AddForeignKey
ALTER TABLE "subnets" ADD CONSTRAINT "subnets_network_id_fkey" FOREIGN KEY ("network_id") REFERENCES "networks"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ports" ADD CONSTRAINT "ports_network_id_fkey" FOREIGN KEY ("network_id") REFERENCES "networks"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "fixed_ips" ADD CONSTRAINT "fixed_ips_subnet_id_fkey" FOREIGN KEY ("subnet_id") REFERENCES "subnets"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "fixed_ips" ADD CONSTRAINT "fixed_ips_port_id_fkey" FOREIGN KEY ("port_id") REFERENCES "ports"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "security_group_rules" ADD CONSTRAINT "security_group_rules_security_group_id_fkey" FOREIGN KEY ("security_group_id") REFERENCES "security_groups"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "security_group_rules" ADD CONSTRAINT "security_group_rules_remote_group_id_fkey" FOREIGN KEY ("remote_group_id") REFERENCES "security_groups"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "port_security_groups" ADD CONSTRAINT "port_security_groups_port_id_fkey" FOREIGN KEY ("port_id") REFERENCES "ports"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "port_security_groups" ADD CONSTRAINT "port_security_groups_security_group_id_fkey" FOREIGN KEY ("security_group_id") REFERENCES "security_groups"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- What OVN has not taken over yet: almost always nothing, whatever the size of the tables.
CREATE INDEX "networks_lagging_idx" ON "networks"("id") WHERE seen_generation <> generation;
CREATE INDEX "subnets_lagging_idx" ON "subnets"("id") WHERE seen_generation <> generation;
CREATE INDEX "ports_lagging_idx" ON "ports"("id") WHERE seen_generation <> generation;
CREATE INDEX "security_groups_lagging_idx" ON "security_groups"("id") WHERE seen_generation <> generation;
